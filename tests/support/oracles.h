/* oracles.h - statistics computed another way than the program does. */
#ifndef SLIPSTREAM_TESTS_ORACLES_H
#define SLIPSTREAM_TESTS_ORACLES_H

#include <stdbool.h>

/* A bound of the score interval of x good of n: the share π on the lower or the upper side of p = x/n whose distance
 * from p is z of its own standard errors, (p − π)² n = z² π (1 − π). Found by halving; there is one root on either
 * side. */
static inline double oracle_wilson(double x, double n, double z, bool lower)
{
    double p = x / n;
    double near = p; /* within the interval */
    double far = lower ? 0 : 1;
    for (int i = 0; i < 200; i++) {
        double middle = (near + far) / 2;
        if ((p - middle) * (p - middle) * n <= z * z * middle * (1 - middle)) {
            near = middle;
        } else {
            far = middle;
        }
    }
    return near;
}

#endif
