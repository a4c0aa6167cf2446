/* What one core of this machine can do: `peak` prints GFLOP/s of multiply-adds on vectors, then GB/s of a triad. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef float vector __attribute__((vector_size(32)));

enum { CHAINS = 12, STEPS = 4000000, ELEMENTS = 1 << 24 };

/* Of this process alone: what others run in between does not count. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* Independent chains, enough to hide the latency of each; they stay in registers. */
static double multiplyAdds(float factor, float term) {
  vector acc[CHAINS];
  for (int i = 0; i < CHAINS; i++) acc[i] = (vector){0} + (float)i;
  double start = now();
  for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) acc[i] = acc[i] * factor + term;
  }
  double seconds = now() - start;
  vector sum = acc[0];
  for (int i = 1; i < CHAINS; i++) sum += acc[i];
  if (sum[0] == 1.25f) puts("");
  return 2.0 * 8 * CHAINS * STEPS / seconds * 1e-9;
}

/* Two arrays read and one written, each larger than the caches. */
static double triad(float factor) {
  float *a = malloc(4ul * ELEMENTS), *b = malloc(4ul * ELEMENTS), *c = malloc(4ul * ELEMENTS);
  if (!a || !b || !c) exit(1);
  for (int i = 0; i < ELEMENTS; i++) a[i] = 0, b[i] = i, c[i] = 2 * i;
  double best = 0;
  for (int times = 0; times < 5; times++) {
    double start = now();
    for (int i = 0; i < ELEMENTS; i++) a[i] = b[i] + factor * c[i];
    double rate = 12.0 * ELEMENTS / (now() - start) * 1e-9;
    if (rate > best) best = rate;
  }
  if (a[ELEMENTS / 2] == 1.25f) puts("");
  return best;
}

int main(int count, char **words) {
  (void)words;
  float factor = count > 100 ? 2 : 0.999999f;
  double most = 0;
  for (int times = 0; times < 50; times++) {
    double rate = multiplyAdds(factor, 1e-6f * count);
    if (rate > most) most = rate;
  }
  printf("%.2f %.2f\n", most, triad(factor));
}
