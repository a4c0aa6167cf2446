/* baselines/dcn_c.c as a library: what its `main` does before it measures, and one run. */
#define CASE ""
#define main measure
#include "../baselines/dcn_c.c"
#undef main

/* Memory and packed weights, in the order that `gemm` reads. */
void prepare(const float *w) {
  xt = aligned_alloc(64, HW * C_ * 4);
  A = aligned_alloc(64, (P_ + MR) * KC * 4);
  wp = aligned_alloc(64, O_ * C_ * K_ * 4);
  ot = aligned_alloc(64, (P_ + MR) * O_ * 4);
  for (int chunk = 0; chunk < K_ / TAPS; chunk++)
    for (int block = 0; block < O_ / NR; block++)
      for (int t = 0; t < TAPS; t++)
        for (int c = 0; c < C_; c++)
          for (int j = 0; j < NR; j++)
            wp[chunk * O_ * KC + block * KC * NR + (t * C_ + c) * NR + j] =
                w[((block * NR + j) * C_ + c) * K_ + chunk * TAPS + t];
}

void compute(const float *x, const float *off, const float *bias, float *y) {
  run(x, off, bias, y, 0);
}
