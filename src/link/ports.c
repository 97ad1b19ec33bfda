/* The serial ports of this machine, through libserialport; those a board is likely behind come first. */
#include "base/buf.h"
#include "base/text.h"
#include "link/link.h"

#include <libserialport.h>
#include <stdlib.h>
#include <string.h>

/* As mos chooses: ttyUSB, then ttyACM, then the others. */
static int rank(const char *path)
{
    static const char *const first[] = {"/dev/ttyUSB", "/dev/ttyACM"};
    int i = 0;
    while (i < 2 && !text_starts(path, first[i]))
        i++;
    return i;
}

static int compare(const void *a, const void *b)
{
    const struct link_port *x = a, *y = b;
    int difference = rank(x->path) - rank(y->path);
    return difference ? difference : strverscmp(x->path, y->path); /* ttyUSB2 before ttyUSB10 */
}

/* The description comes from the USB device itself: hostile text. */
static char *printable(const char *text)
{
    struct buf b = BUF_INIT;
    if (text != NULL)
        text_printable(text, strlen(text), false, 120, &b);
    return b.data != NULL ? buf_take(&b) : mem_string("");
}

size_t link_ports(struct link_port **ports)
{
    struct sp_port **list;
    *ports = NULL;
    if (sp_list_ports(&list) != SP_OK)
        return 0;
    size_t count = 0;
    while (list[count] != NULL)
        count++;
    *ports = mem_alloc((count + 1) * sizeof **ports);
    for (size_t i = 0; i < count; i++) {
        struct link_port *p = &(*ports)[i];
        p->path = mem_string(sp_get_port_name(list[i]));
        p->description = printable(sp_get_port_description(list[i]));
        if (sp_get_port_usb_vid_pid(list[i], &p->vid, &p->pid) != SP_OK)
            p->vid = p->pid = -1;
    }
    sp_free_port_list(list);
    qsort(*ports, count, sizeof **ports, compare);
    return count;
}

void link_ports_free(struct link_port *ports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(ports[i].path);
        free(ports[i].description);
    }
    free(ports);
}
