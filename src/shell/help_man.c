/* The manual page and the bash completion script, from the tables (help.h). */
#include "shell/help.h"
#include "shell/options.h"
#include "shell/parser.h"

#include <stdlib.h>
#include <string.h>

/* Text in roff: a backslash and dashes escaped, no line that starts with a request. */
static void put_roff(const char *text, struct buf *to)
{
    bool start = true;
    for (const char *p = text; *p != '\0'; p++) {
        if (start && (*p == '.' || *p == '\''))
            buf_add_text(to, "\\&");
        if (*p == '\\')
            buf_add_text(to, "\\e");
        else if (*p == '-')
            buf_add_text(to, "\\-");
        else
            buf_add_byte(to, (uint8_t)*p);
        start = *p == '\n';
    }
}

static void put_paragraphs(const char *text, struct buf *to)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        char *line = mem_printf("%.*s", (int)n, text);
        put_roff(line, to);
        buf_add_text(to, n == 0 ? ".PP\n" : "\n");
        free(line);
        text += n + (text[n] == '\n');
    }
}

static void put_item(const struct op_arg *arg, bool option, struct buf *to)
{
    char *name = mem_printf("%s%s%s",
                            !option        ? ""
                            : arg->name[1] ? "--"
                                           : "-",
                            arg->name, option && arg->type != TYPE_FLAG ? " VALUE" : "");
    buf_add_text(to, ".TP\n.B ");
    put_roff(name, to);
    buf_add_text(to, "\n");
    put_roff(arg->help ? arg->help : "", to);
    if (arg->type == TYPE_CHOICE) {
        buf_add_text(to, " (");
        put_roff(arg->choices, to);
        buf_add_text(to, ")");
    }
    if (arg->fallback != NULL) {
        buf_add_text(to, " (");
        put_roff(arg->fallback, to);
        buf_add_text(to, " when not given)");
    }
    buf_add_text(to, "\n");
    free(name);
}

static void put_command(const struct op *op, struct buf *to)
{
    struct buf usage = BUF_INIT;
    parser_usage(op, &usage);
    buf_add_text(to, ".SS ");
    put_roff(buf_text(&usage) + strlen("usage: "), to);
    buf_add_text(to, "\n");
    put_roff(op->summary, to);
    buf_add_text(to, ".\n");
    put_roff(help_hazard(op->hazard), to);
    buf_add_text(to, *help_hazard(op->hazard) ? "\n" : "");
    if (op->help != NULL) {
        buf_add_text(to, ".PP\n");
        put_paragraphs(op->help, to);
    }
    for (const struct op_arg *a = op->args; a != NULL && a->name != NULL; a++)
        put_item(a, false, to);
    for (const struct op_arg *a = op->options; a != NULL && a->name != NULL; a++)
        put_item(a, true, to);
    if (op->example != NULL) {
        buf_add_text(to, ".PP\n.nf\n");
        put_paragraphs(op->example, to);
        buf_add_text(to, ".fi\n");
    }
    buf_free(&usage);
}

static const char man_head[] =
    ".TH LOCKSTEP 1 \"\" \"lockstep " LOCKSTEP_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "lockstep \\- security console for Mongoose OS boards with an ATECC508A or ATECC608A\n"
    ".SH SYNOPSIS\n"
    ".B lockstep\n[options] [COMMAND [argument ...]]\n.br\n"
    ".B lockstep\n[options] run FILE\n"
    ".SH DESCRIPTION\n"
    "Attaches to one device over a serial port or a network link, shows what its secure element is, and "
    "provisions "
    "it. Without a command it is a console; when standard input is not a terminal the lines read from it are "
    "run like "
    "a command file. What cannot be undone is a dry run unless \\-\\-dry\\-run=false is given, and needs "
    "consent.\n"
    ".SH OPTIONS\n"
    "Options come before or after the command.\n";

static const char man_tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n0\ndone\n.TP\n1\nthe device or a check refused\n.TP\n2\nthe command line is wrong\n"
    ".TP\n3\nno connection, or it was lost\n.TP\n4\nconsent is missing\n"
    ".TP\n5\nwhat was read back differs from what was written\n.TP\n6\nan expect in a command file failed\n"
    ".TP\n130\ninterrupted\n"
    ".SH ENVIRONMENT\n"
    ".TP\nLOCKSTEP_PORT, MOS_PORT\nthe value of \\-\\-port, and so on for each option except \\-\\-confirm, "
    "\\-\\-accept and \\-\\-dry\\-run\n"
    ".TP\nLOCKSTEP_PLUGIN_PATH\nfolders with more plugins, separated by colons\n"
    ".SH FILES\n"
    ".TP\n$XDG_STATE_HOME/lockstep/history\nthe console's history, without secrets\n"
    ".TP\n$XDG_DATA_HOME/lockstep/plugins\nthe user's plugins\n";

void help_man(const struct registry *registry, struct buf *to)
{
    buf_add_text(to, man_head);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        put_item(&option_table()[i].arg, true, to);
    buf_add_text(to, ".SH COMMANDS\n");
    for (size_t i = 0; i < registry->count; i++)
        put_command(registry->op[i], to);
    buf_add_text(to, man_tail);
}

/* --- bash ----------------------------------------------------------------------------------------------- */

static void put_option_words(const struct op_arg *list, struct buf *to)
{
    for (const struct op_arg *a = list; a != NULL && a->name != NULL; a++)
        buf_printf(to, " %s%s", a->name[1] ? "--" : "-", a->name);
}

/* Lines "--name) values" for options and "command) words" for commands. */
static void put_bash_choices(const struct op_arg *list, const char *before, struct buf *to)
{
    for (const struct op_arg *a = list; a != NULL && a->name != NULL; a++) {
        if (a->type != TYPE_CHOICE)
            continue;
        char *words = mem_string(a->choices);
        for (char *p = words; *p != '\0'; p++)
            *p = *p == '|' ? ' ' : *p;
        buf_printf(to, "        %s%s) words=\"%s\" ;;\n", before, a->name, words);
        free(words);
    }
}

static void put_bash_command(const struct op *op, struct buf *to)
{
    buf_printf(to, "        %s) words=\"$global", op->name);
    put_option_words(op->options, to);
    for (const struct op_arg *a = op->args; a != NULL && a->name != NULL; a++) {
        if (a->type == TYPE_SLOT)
            buf_add_text(to, " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
        if (a->type == TYPE_COMMAND)
            buf_add_text(to, " $commands");
        for (const char *p = a->type == TYPE_CHOICE ? a->choices : ""; *p != '\0';) {
            size_t n = strcspn(p, "|");
            buf_printf(to, " %.*s", (int)n, p);
            p += n + (p[n] == '|');
        }
    }
    buf_add_text(to, "\" ;;\n");
}

void help_bash_completion(const struct registry *registry, struct buf *to)
{
    buf_add_text(to, "# bash completion for lockstep, written by: lockstep help --bash-completion\n"
                     "_lockstep()\n{\n    local commands=\"");
    for (size_t i = 0; i < registry->count; i++)
        buf_printf(to, "%s%s", i ? " " : "", registry->op[i]->name);
    buf_add_text(to, "\" global=\"");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *name = option_table()[i].arg.name;
        buf_printf(to, "%s%s%s", i ? " " : "", name[1] ? "--" : "-", name);
    }
    buf_add_text(to,
                 "\"\n"
                 "    local current=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
                 "    local command=\"\" words=\"\" word\n"
                 "    [ \"$before\" = \"=\" ] && before=\"${COMP_WORDS[COMP_CWORD-2]}\"\n"
                 "    [ \"$current\" = \"=\" ] && current=\"\"\n"
                 "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                 "        case \" $commands \" in *\" $word \"*) command=\"$word\"; break ;; esac\n"
                 "    done\n"
                 "    case \"$before\" in\n");
    for (size_t i = 0; i < registry->count; i++)
        put_bash_choices(registry->op[i]->options, "--", to);
    buf_add_text(to, "    esac\n"
                     "    [ -n \"$words\" ] || case \"$command\" in\n"
                     "        \"\") words=\"$commands $global\" ;;\n");
    for (size_t i = 0; i < registry->count; i++)
        put_bash_command(registry->op[i], to);
    buf_add_text(to, "    esac\n"
                     "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                     "    [ \"${#COMPREPLY[@]}\" -gt 0 ] || [[ $current == -* ]] ||\n"
                     "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                     "}\n"
                     "complete -o filenames -o bashdefault -F _lockstep lockstep\n");
}
