/* state_show.c - what is stored of a task, as JSON lines: for people, and for whoever checks our sums. */
#include "task_state.h"

#include "slipstream/roll.h"

#include <stdlib.h>

static void put_signals(struct jout *json, const int64_t *counts)
{
    jout_key(json, "signals");
    jout_open(json, '{');
    for (unsigned s = 0; s < SIGNALS; s++) {
        const struct signal_info *info = &signal_table[s];
        bool said = false;
        for (unsigned i = 0; i < info->width; i++) {
            said |= counts[info->first + i] != 0;
        }
        if (!said) {
            continue;
        }
        jout_key(json, info->word);
        jout_open(json, '[');
        for (unsigned i = 0; i < info->width; i++) {
            jout_int(json, counts[info->first + i]);
        }
        jout_close(json, ']');
    }
    jout_close(json, '}');
}

static void put_window(struct jout *json, enum window window, const int64_t *counts)
{
    jout_key(json, window_shapes[window].word);
    jout_open(json, '{');
    jout_key(json, "interactions");
    jout_int(json, counts[COUNTER_INTERACTIONS]);
    jout_key(json, "events");
    jout_int(json, counts[COUNTER_EVENTS]);
    put_signals(json, counts);
    jout_close(json, '}');
}

static void put_cell(struct buffer *out, const struct task *task, const struct fold_cell *cell,
                     struct window_sums *sums)
{
    const struct fold_agency *agency = fold_agency_at(task->fold, cell->agency);
    struct jout json = jout_into(out);
    struct event_time as_of = {task->meta.as_of_us};
    roll_windows(&cell->cell, as_of, sums);
    jout_open(&json, '{');
    jout_key(&json, "partition");
    jout_int(&json, task->partition);
    jout_key(&json, "agency");
    jout_span(&json, agency->name);
    jout_key(&json, "service");
    jout_span(&json, agency->services[cell->service].name);
    jout_key(&json, "channel");
    jout_text(&json, channel_word(cell->channel));
    jout_key(&json, "as_of");
    jout_time(&json, as_of);
    jout_key(&json, "windows");
    jout_open(&json, '{');
    for (unsigned w = 0; w < WINDOWS; w++) {
        put_window(&json, (enum window)w, sums->counts[w]);
    }
    jout_close(&json, '}');
    jout_close(&json, '}');
    buffer_u8(out, '\n');
}

static enum outcome show_task(struct store *store, struct task *task, struct buffer *out, struct reason *why)
{
    struct claim claim;
    TRY(store->ops->peek(store, task->partition, &claim, why));
    if (!claim.stored) {
        return DONE;
    }
    task->meta = claim.meta;
    TRY(task_load(task, store, why));
    struct window_sums *sums = malloc(sizeof *sums);
    ASSERT(sums);
    for (uint32_t c = 0; c < fold_cell_count(task->fold); c++) {
        put_cell(out, task, fold_cell_at(task->fold, c), sums);
    }
    free(sums);
    return DONE;
}

enum outcome state_show(struct store *store, int32_t partition, struct buffer *out, struct reason *why)
{
    /* Room for whatever is stored, and the least for ids, which are not shown. */
    const struct fold_limits limits = {.ids_max = 1, .horizon_us = 0, .agencies_max = UINT32_MAX,
                                       .services_max = UINT32_MAX};
    struct task task;
    task_init(&task, NULL, partition);
    task.fold = fold_open(&limits);
    enum outcome shown = show_task(store, &task, out, why);
    task_done(&task);
    return shown;
}
