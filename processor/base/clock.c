#include "slipstream/base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    ASSERT(failed == 0);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

static struct event_time system_wall(const struct clock *self)
{
    (void)self;
    return (struct event_time){read_us(CLOCK_REALTIME)};
}

static struct mono_time system_mono(const struct clock *self)
{
    (void)self;
    return (struct mono_time){read_us(CLOCK_MONOTONIC)};
}

const struct clock system_clock = {.wall = system_wall, .mono = system_mono};

const char *clock_format(struct event_time time, bool ms, char text[CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)time_floor(time.us, US_PER_SECOND);
    int64_t rest_us = time.us % US_PER_SECOND;
    int64_t rest_ms = (rest_us < 0 ? rest_us + US_PER_SECOND : rest_us) / US_PER_MS;
    struct tm parts;
    gmtime_r(&seconds, &parts); /* cannot fail: 2^63 microseconds are less than 300,000 years */
    size_t size = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    if (ms) {
        snprintf(text + size, CLOCK_TEXT_SIZE - size, ".%03dZ", (int)rest_ms);
    } else {
        snprintf(text + size, CLOCK_TEXT_SIZE - size, "Z");
    }
    return text;
}
