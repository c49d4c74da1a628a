/* reading.c - where a channel's standards are applied. */
#include "reading.h"

static struct counter_range range(unsigned first, unsigned end)
{
    return (struct counter_range){(uint16_t)first, (uint16_t)end};
}

/* Within the standard, of all that were timed. No standard (0): the signal says nothing. */
static struct reading within(const struct signal_info *info, int64_t standard_ms)
{
    if (standard_ms == 0) {
        return (struct reading){{0, 0}, {0, 0}, {0, 0}};
    }
    int edge = duration_edge_bin(info->edges, standard_ms);
    ASSERT(edge > 0); /* the scoring file was checked for it */
    return (struct reading){
        range(info->first, info->first + (unsigned)edge), range(info->first, info->first + DURATION_BINS), {0, 0}};
}

/* The first counter of those who gave up after the limit for a short abandon. */
static unsigned abandon_counter(int64_t short_ms)
{
    const struct signal_info *info = &signal_table[SIGNAL_ABANDONED_AFTER];
    int first = short_ms ? duration_edge_bin(info->edges, short_ms) : 0;
    ASSERT(first >= 0); /* the scoring file was checked for it */
    return info->first + (unsigned)first;
}

/* Those who gave up after the limit for a short abandon count as not answered; the short ones as neither. */
static struct reading answered(int64_t short_ms)
{
    unsigned said = signal_table[SIGNAL_ANSWERED].first;
    unsigned gave_up_end = signal_table[SIGNAL_ABANDONED_AFTER].first + DURATION_BINS;
    return (struct reading){range(said + 1, said + 2), range(said, said + 2),
                            range(abandon_counter(short_ms), gave_up_end)};
}

struct counter_range reading_short_abandons(enum driver driver, enum channel channel, const struct scoring *scoring)
{
    const struct signal_info *info = &signal_table[SIGNAL_ABANDONED_AFTER];
    if (!(info->feeds & channel_drivers(channel) & 1u << driver)) {
        return range(0, 0);
    }
    return range(info->first, abandon_counter(scoring->short_abandon_ms[channel]));
}

struct reading reading_of(enum signal signal, enum channel channel, const struct scoring *scoring)
{
    const struct signal_info *info = &signal_table[signal];
    unsigned at = info->first;
    switch (signal) {
    case SIGNAL_ANSWERED:
        return answered(scoring->short_abandon_ms[channel]);
    case SIGNAL_WAIT:
        return within(info, scoring->wait_standard_ms[channel]);
    case SIGNAL_RESOLUTION:
        return within(info, scoring->resolution_standard_ms[channel]);
    default:
        break;
    }
    switch (info->kind) {
    case SIGNAL_OUTCOME:
        return (struct reading){
            info->good_is_yes ? range(at + 1, at + 2) : range(at, at + 1), range(at, at + 2), {0, 0}};
    case SIGNAL_RATING:
        return (struct reading){range(at + 3, at + 5), range(at, at + 5), {0, 0}};
    case SIGNAL_DURATION:
    case SIGNAL_COUNT:
        break;
    }
    return (struct reading){{0, 0}, {0, 0}, {0, 0}};
}
