/* Arguments, device and state of a call: see plugin.h. */
#include "shell/call.h"
#include "base/secret.h"
#include "pki/key.h"

#include <stdlib.h>
#include <string.h>

static const struct op_arg *find_arg(const struct op_call *call, const char *name)
{
    const struct op_arg *arg = op_find_arg(call->op->args, name);
    return arg ? arg : op_find_arg(call->op->options, name);
}

/* The i-th value given for an argument or option of the operation. */
static const struct parse_item *find_item(const struct op_call *call, const char *name, size_t i)
{
    const struct op_arg *arg = find_arg(call, name);
    for (size_t k = 0; arg != NULL && k < call->parse->count; k++)
        if (call->parse->item[k].arg == arg && i-- == 0)
            return &call->parse->item[k];
    return NULL;
}

/* The last one given: an option that is repeated overrides. */
static const struct parse_item *last_item(const struct op_call *call, const char *name)
{
    size_t count = op_arg_count(call, name);
    return count ? find_item(call, name, count - 1) : NULL;
}

const char *op_arg_value(const struct op_call *call, const char *name)
{
    const struct parse_item *item = last_item(call, name);
    if (item != NULL)
        return item->value;
    const struct op_arg *arg = find_arg(call, name);
    if (arg != NULL)
        return arg->fallback;
    enum option_id global = option_find(name);
    return global == OPTION_NONE ? NULL : options_value(call->options, global);
}

uint64_t op_arg_number(const struct op_call *call, const char *name)
{
    const struct parse_item *item = last_item(call, name);
    const struct op_arg *arg = find_arg(call, name);
    uint64_t number = 0;
    if (item != NULL)
        return item->number;
    if (arg != NULL && arg->fallback != NULL)
        option_check_value(arg, arg->fallback, &number, NULL);
    return number;
}

bool op_arg_flag(const struct op_call *call, const char *name)
{
    const char *value = op_arg_value(call, name);
    return value != NULL && option_boolean(value) == 1;
}

bool op_arg_given(const struct op_call *call, const char *name)
{
    return last_item(call, name) != NULL;
}

size_t op_arg_count(const struct op_call *call, const char *name)
{
    const struct op_arg *arg = find_arg(call, name);
    size_t count = 0;
    for (size_t k = 0; arg != NULL && k < call->parse->count; k++)
        count += call->parse->item[k].arg == arg;
    return count;
}

const char *op_arg_item(const struct op_call *call, const char *name, size_t i)
{
    const struct parse_item *item = find_item(call, name, i);
    return item ? item->value : NULL;
}

struct device *op_device(struct op_call *call)
{
    return call->op->needs & (NEED_RPC | NEED_ATCA | SHELL_NEED_PORT) ? call->session->device : NULL;
}

struct loop *op_loop(struct op_call *call)
{
    return call->session->loop;
}

bool op_is_plan(const struct op_call *call)
{
    return call->plan;
}

bool op_is_json(const struct op_call *call)
{
    return call->report.json;
}

size_t op_step(const struct op_call *call)
{
    return call->step;
}

bool op_is_resume(const struct op_call *call)
{
    return call->resuming;
}

void op_readback(struct op_call *call, const void *bytes, size_t len)
{
    pki_sha256(bytes, len, call->readback);
    call->has_readback = true;
}

const char *op_log_line(const struct op_call *call, size_t i)
{
    size_t count = call->session->log_count;
    if (i >= count || i >= SESSION_LOG_LINES)
        return NULL;
    return call->session->log[(count - 1 - i) % SESSION_LOG_LINES];
}

void *op_state(struct op_call *call, size_t size, void (*release)(void *state))
{
    if (call->state == NULL) {
        call->state = mem_alloc(size ? size : 1);
        call->state_size = size;
        call->release = release;
    }
    return call->state;
}

void call_free(struct op_call *call)
{
    if (call->state != NULL) {
        if (call->release != NULL)
            call->release(call->state);
        secret_wipe(call->state, call->state_size);
        free(call->state);
        call->state = NULL;
    }
    buf_free(&call->report.text);
    cJSON_Delete(call->report.result);
    cJSON_Delete(call->report.table);
    free(call->report.table_key);
    call->report = (struct report){0};
}
