/* intervals.c - confidence intervals; see score.h for the sources. */
#include "slipstream/score.h"

#include "worth.h"

#include <math.h>

const double answer_worth[SURVEY_METHODS][5] = {
    [METHOD_TOP2BOX] = {0, 0, 0, 1, 1},
    [METHOD_NET] = {0, 0, .5, 1, 1},
    [METHOD_MEAN] = {0, .25, .5, .75, 1},
};

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

struct interval interval_wilson(double x, double n, double z)
{
    if (n <= 0) {
        return (struct interval){0, 0, 1};
    }
    double p = clamp(x / n, 0, 1); /* a share of it may be off by its last bit */
    double d = 1 + z * z / n;
    double center = (p + z * z / (2 * n)) / d;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d;
    return (struct interval){p, clamp(center - half, 0, p), clamp(center + half, p, 1)};
}

struct interval interval_difference(struct interval a, struct interval b)
{
    return interval_weighted((const struct interval[]){a, b}, (const double[]){1, -1}, 2);
}

struct interval interval_weighted(const struct interval *parts, const double *weights, size_t count)
{
    double value = 0;
    double below = 0;
    double above = 0;
    for (size_t i = 0; i < count; i++) {
        double w = weights[i];
        double down = w * (parts[i].value - (w >= 0 ? parts[i].low : parts[i].high));
        double up = w * ((w >= 0 ? parts[i].high : parts[i].low) - parts[i].value);
        value += w * parts[i].value;
        below += down * down;
        above += up * up;
    }
    return (struct interval){value, value - sqrt(below), value + sqrt(above)};
}

struct interval interval_answers(const int64_t answers[5], enum survey_method method, double z)
{
    double n = 0;
    double sum = 0;
    double squares = 0;
    for (unsigned i = 0; i < 5; i++) {
        double value = answer_worth[method][i];
        n += (double)answers[i];
        sum += value * (double)answers[i];
        squares += value * value * (double)answers[i];
    }
    if (n <= 0) {
        return (struct interval){0, 0, 1};
    }
    if (method == METHOD_TOP2BOX) {
        return interval_wilson(sum, n, z);
    }
    double mean = sum / n;
    double variance = n > 1 ? fmax(0, (squares - n * mean * mean) / (n - 1)) : 0.25;
    double half = z * sqrt(variance / n);
    return (struct interval){mean, clamp(mean - half, 0, 1), clamp(mean + half, 0, 1)};
}
