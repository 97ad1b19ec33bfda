/* Clicks and the wheel: each is the key that does the same. */
#include "tui/inside.h"

#include <string.h>

static void wheel(struct tui *tui, const struct key *key)
{
    bool up = key->button == MOUSE_WHEEL_UP;
    if (rect_holds(tui->layout.command, key->y, key->x) && !tui->overlay.open) {
        tui->back = up ? tui->back + 3 : tui->back - (tui->back < 3 ? tui->back : 3);
        return;
    }
    for (int i = 0; i < 3; i++) {
        struct key step = {.code = up ? K_UP : K_DOWN};
        if (tui->overlay.open)
            overlay_key(tui, step);
        else
            input_action(tui, up ? ACT_UP : ACT_DOWN);
    }
}

void mouse_key(struct tui *tui, struct key key)
{
    const struct hit *hit = canvas_hit_at(&tui->canvas, key.y, key.x);
    if (key.button == MOUSE_WHEEL_UP || key.button == MOUSE_WHEEL_DOWN) {
        wheel(tui, &key);
        return;
    }
    if (tui->overlay.open && (hit == NULL || hit->kind != HIT_KEY)) {
        overlay_close(tui);
        return;
    }
    if (hit == NULL || tui->ask.kind != ASK_NONE)
        return;
    if (hit->kind == HIT_KEY) {
        input_key(tui, (struct key){.code = (uint32_t)hit->value});
        return;
    }
    tui->focus = hit->kind == HIT_COMMAND ? FOCUS_COMMAND : FOCUS_VIEW;
    if (hit->kind == HIT_VIEW)
        panes_show(tui, (size_t)hit->value);
    else if (hit->kind == HIT_ROW)
        panes_move(tui, hit->value, 1);
}
