/* scoring.c - words of the scoring file, and what it says of an agency or a day. */
#include "slipstream/model/scoring.h"

#include <math.h>
#include <stdlib.h>

const char *const survey_method_words[SURVEY_METHODS] = {"top2box", "net", "mean"};

static int compare_names(struct span a, struct span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Every table that is searched has the name first in its rows. */
static int compare_rows(const void *key, const void *row)
{
    return compare_names(*(const struct span *)key, *(const struct span *)row);
}
_Static_assert(offsetof(struct scoring_target, agency) == 0 && offsetof(struct scoring_name, name) == 0 &&
                   offsetof(struct scoring_member, agency) == 0,
               "found by their first member");

static const void *find(struct span name, const void *rows, size_t count, size_t size)
{
    return count ? bsearch(&name, rows, count, size, compare_rows) : NULL;
}

static const struct scoring_target *find_target(const struct scoring *self, struct span agency)
{
    return find(agency, self->targets, self->target_count, sizeof *self->targets);
}

static bool has_targets(const struct scoring_group *group)
{
    bool has = false;
    for (unsigned i = 0; i < TARGETS; i++) {
        has |= !isnan(group->values[i]);
    }
    return has;
}

double scoring_target(const struct scoring *self, struct span agency, unsigned subject)
{
    ASSERT(subject < TARGETS);
    const struct scoring_target *own = find_target(self, agency);
    if (own) {
        return own->values[subject];
    }
    const struct scoring_group *group = scoring_group_of(self, agency);
    if (group && has_targets(group)) {
        return group->values[subject];
    }
    const struct scoring_target *all = find_target(self, span_text("*"));
    return all ? all->values[subject] : (double)NAN;
}

const struct scoring_benchmark *scoring_alert_line(const struct scoring *self, unsigned subject)
{
    for (size_t i = 0; i < self->benchmark_count; i++) {
        if (self->benchmarks[i].alerts && self->benchmarks[i].subject == subject) {
            return &self->benchmarks[i];
        }
    }
    return NULL;
}

uint64_t scoring_method(const struct scoring *self)
{
    uint64_t method = hash64(span_text(self->version), 0);
    return method ? method : 1;
}

static const struct scoring_name *find_name(const struct scoring *self, struct span name)
{
    return find(name, self->names, self->name_count, sizeof *self->names);
}

struct span scoring_agency_id(const struct scoring *self, struct span name)
{
    const struct scoring_name *found = find_name(self, name);
    if (found) {
        return self->agencies[found->agency].id;
    }
    return self->agencies_only ? span_text(AGENCY_OTHER) : name;
}

struct span scoring_agency_name(const struct scoring *self, struct span id)
{
    const struct scoring_name *found = find_name(self, id);
    return found ? self->agencies[found->agency].name : id;
}

const struct scoring_group *scoring_group_of(const struct scoring *self, struct span agency)
{
    const struct scoring_member *found = find(agency, self->members, self->member_count, sizeof *self->members);
    return found ? &self->groups[found->group] : NULL;
}

static int compare_days(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

bool scoring_is_holiday(const struct scoring *self, struct event_time time)
{
    int64_t day = time_floor(time.us, US_PER_DAY);
    return self->holiday_count &&
           bsearch(&day, self->holidays, self->holiday_count, sizeof *self->holidays, compare_days);
}
