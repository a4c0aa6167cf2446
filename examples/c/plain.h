// Deformable convolution (v1, one group of weights, stride 1) as plain loops in double, which both examples are held
// against: what it computes, and what it adds to the gradient of the image.
#ifndef WARPWEAVE_EXAMPLE_PLAIN_H
#define WARPWEAVE_EXAMPLE_PLAIN_H

#include <math.h>
#include <stddef.h>

enum { N = 2, C = 4, H = 9, W = 11, G = 2, K = 3, O = 8, PAD = 1, OH = H, OW = W };
enum {
  INPUTS = N * C * H * W,
  OFFSETS = N * G * K * K * 2 * OH * OW,
  WEIGHTS = O * C * K * K,
  OUTPUTS = N * O * OH * OW
};

// Numbers in [-scale, scale), the same each time.
static void fill(float *data, size_t count, float scale, unsigned seed) {
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    data[i] = scale * ((float)(seed >> 8) / 8388608.0f - 1.0f);
  }
}

// The share that pixel (row, column) has in the sample at (y, x).
static double share(double y, double x, int row, int column) {
  const double dy = 1.0 - fabs(y - row), dx = 1.0 - fabs(x - column);
  return dy > 0.0 && dx > 0.0 ? dy * dx : 0.0;
}

// Calls with each pixel that a tap reads: its share, and where pixel, weight and output lie.
typedef void (*visitor)(double share, size_t pixel, size_t weight, size_t output, const void *with,
    double *result);

static void visit(const float *offset, visitor each, const void *with, double *result) {
  for (int n = 0; n < N; ++n)
    for (int o = 0; o < O; ++o)
      for (int c = 0; c < C; ++c)
        for (int tap = 0; tap < K * K; ++tap)
          for (int oh = 0; oh < OH; ++oh)
            for (int ow = 0; ow < OW; ++ow) {
              const int g = c / (C / G);
              const size_t at =
                  ((((size_t)n * G + g) * K * K + tap) * 2 * OH + oh) * OW + ow;
              const double y = oh - PAD + tap / K + (double)offset[at];
              const double x = ow - PAD + tap % K + (double)offset[at + (size_t)OH * OW];
              const int top = (int)floor(y), left = (int)floor(x);
              for (int row = top; row <= top + 1; ++row)
                for (int column = left; column <= left + 1; ++column) {
                  if (row < 0 || row >= H || column < 0 || column >= W) continue;
                  each(share(y, x, row, column), (((size_t)n * C + c) * H + row) * W + column,
                      ((size_t)o * C + c) * K * K + tap, (((size_t)n * O + o) * OH + oh) * OW + ow,
                      with, result);
                }
            }
}

struct two {
  const float *first, *second;
};

static void add_output(double part, size_t pixel, size_t weight, size_t output, const void *with,
    double *result) {
  const struct two *of = (const struct two *)with;
  result[output] += part * of->first[pixel] * of->second[weight];
}

static void add_pixel(double part, size_t pixel, size_t weight, size_t output, const void *with,
    double *result) {
  const struct two *of = (const struct two *)with;
  result[pixel] += part * of->first[output] * of->second[weight];
}

// `result` is 0 before.
static void plain_forward(const float *input, const float *offset, const float *weight,
    double *result) {
  const struct two of = {input, weight};
  visit(offset, add_output, &of, result);
}

static void plain_grad_input(const float *offset, const float *weight, const float *grad_output,
    double *result) {
  const struct two of = {grad_output, weight};
  visit(offset, add_pixel, &of, result);
}

// The largest difference, as a share of the largest number.
static double differ(const float *data, const double *expected, size_t count) {
  double worst = 0.0, largest = 0.0;
  for (size_t i = 0; i < count; ++i) {
    const double apart = fabs(data[i] - expected[i]);
    if (!(apart <= worst)) worst = apart;  // also where it is NaN
    if (fabs(expected[i]) > largest) largest = fabs(expected[i]);
  }
  return worst / largest;
}

#endif
