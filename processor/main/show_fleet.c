/* show_fleet.c - `slipstream scores --fleet`. */
#include "show_fleet.h"

#include <stdio.h>

static double figure_in(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void print_fleet_window(const json_t *figures)
{
    const json_t *best = json_object_get(figures, "best");
    const json_t *worst = json_object_get(figures, "worst");
    printf("%-6s  %8lld  %7.1f  %7.1f  %6.1f  %9.1f  %5.1f %-20s  %5.1f %s\n",
           json_string_value(json_object_get(figures, "window")),
           (long long)json_integer_value(json_object_get(figures, "agencies")), figure_in(figures, "average"),
           figure_in(figures, "median"), figure_in(figures, "spread"), figure_in(figures, "deviation"),
           figure_in(best, "value"), json_string_value(json_object_get(best, "agency")), figure_in(worst, "value"),
           json_string_value(json_object_get(worst, "agency")));
}

void show_fleet_print(const json_t *fleet)
{
    const json_t *windows = json_object_get(fleet, "windows");
    size_t i;
    const json_t *figures;
    printf("the CX score of all agencies, as of %s%s\n", json_string_value(json_object_get(fleet, "as_of")),
           json_is_true(json_object_get(fleet, "complete")) ? "" : " (some are missing: not all has been read)");
    if (json_array_size(windows) == 0) {
        printf("too few agencies can be shown\n");
        return;
    }
    printf("%-6s  %8s  %7s  %7s  %6s  %9s  %-26s  %s\n", "window", "agencies", "average", "median", "spread",
           "deviation", "best", "worst");
    json_array_foreach(windows, i, figures)
    {
        print_fleet_window(figures);
    }
}
