/* No HTTP yet: see http.h. */
#include "sim/http.h"
#include "base/buf.h"
#include <stdlib.h>
struct sim_http {
    struct board *b;
};
struct sim_http *sim_http_new(struct board *b)
{
    struct sim_http *h = mem_alloc(sizeof *h);
    h->b = b;
    return h;
}
void sim_http_free(struct sim_http *http)
{
    free(http);
}
int sim_http_boot(struct sim_http *http, struct error *e)
{
    if (http->b->options->http)
        return error_set(e, ERR_USAGE, "--http is not possible: this version listens on its UART only.");
    return 0;
}
void sim_http_halt(struct sim_http *http)
{
    (void)http;
}
