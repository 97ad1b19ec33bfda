/* Time: see clock.h. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

int64_t clock_unix(void)
{
    return (int64_t)time(NULL);
}

void clock_iso(int64_t unix_seconds, char *to, size_t size)
{
    time_t t = (time_t)unix_seconds;
    struct tm utc;
    if (gmtime_r(&t, &utc) == NULL || strftime(to, size, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(to, size, "?");
}

void clock_words(int64_t ms, char *to, size_t size)
{
    int64_t s = ms / 1000;
    if (ms < 1000)
        snprintf(to, size, "%lld ms", (long long)ms);
    else if (s < 60)
        snprintf(to, size, "%lld s", (long long)s);
    else if (s < 3600)
        snprintf(to, size, "%lld min %lld s", (long long)(s / 60), (long long)(s % 60));
    else if (s < 86400)
        snprintf(to, size, "%lld h %lld min", (long long)(s / 3600), (long long)(s / 60 % 60));
    else
        snprintf(to, size, "%lld d %lld h", (long long)(s / 86400), (long long)(s / 3600 % 24));
}
