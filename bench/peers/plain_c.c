/*
 * Operators as plain loops in C: positions and weights once for each point, then all channels that share them.
 * Each function takes up to five inputs, the gradient of the result (or null: forward), up to three results and the
 * numbers of the call in the order of plainC.ts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARGS \
  const float *a, const float *b, const float *c, const float *d, const float *e, const float *up, \
      float *r0, float *r1, float *r2, const double *n
#define INT(i) ((long)n[i])

/* How far apart in memory rows, columns and channels are. */
typedef struct {
  long H, W, rows, cols, chans, C;
} Map;

/* The four corners of a position: where they are, how much they weigh, and the position within its cell. */
typedef struct {
  long at[4];
  float w[4], ty, tx;
} Corners;

static inline Corners corners(Map m, float y, float x, int clamped) {
  Corners k;
  float fy = floorf(y), fx = floorf(x);
  k.ty = y - fy, k.tx = x - fx;
  for (int i = 0; i < 4; i++) {
    long yy = (long)fy + (i >> 1), xx = (long)fx + (i & 1);
    float w = ((i >> 1) ? k.ty : 1 - k.ty) * ((i & 1) ? k.tx : 1 - k.tx);
    if (clamped) {
      if (yy > m.H - 1) yy = m.H - 1;
      if (xx > m.W - 1) xx = m.W - 1;
    }
    int in = yy >= 0 && yy < m.H && xx >= 0 && xx < m.W;
    k.at[i] = in ? yy * m.rows + xx * m.cols : -1;
    k.w[i] = in ? w : 0;
  }
  return k;
}

static inline float pixel(const float *map, long at, long ch) { return at < 0 ? 0 : map[at + ch]; }

/* Adds a sample, times `weight`, to all channels of a result. */
static inline void gather(Map m, const float *map, Corners k, float weight, float *out, long os) {
  for (int i = 0; i < 4; i++) {
    if (k.at[i] < 0) continue;
    const float *p = map + k.at[i];
    float w = weight * k.w[i];
    for (long ch = 0; ch < m.C; ch++) out[ch * os] += w * p[ch * m.chans];
  }
}

/* The gradient of that: of the map, and in `g` of y, x and the weight. */
static inline void scatter(Map m, const float *map, Corners k, float weight, const float *up, long os, float *grad,
                           float g[3]) {
  float dot[4] = {0, 0, 0, 0};
  for (int i = 0; i < 4; i++) {
    if (k.at[i] < 0) continue;
    float w = weight * k.w[i], sum = 0;
    for (long ch = 0; ch < m.C; ch++) {
      grad[k.at[i] + ch * m.chans] += w * up[ch * os];
      sum += up[ch * os] * map[k.at[i] + ch * m.chans];
    }
    dot[i] = sum;
  }
  if (!g) return;
  g[0] = weight * ((1 - k.tx) * (dot[2] - dot[0]) + k.tx * (dot[3] - dot[1]));
  g[1] = weight * ((1 - k.ty) * (dot[1] - dot[0]) + k.ty * (dot[3] - dot[2]));
  g[2] = dot[0] * k.w[0] + dot[1] * k.w[1] + dot[2] * k.w[2] + dot[3] * k.w[3];
}

/* DCNv3 and DCNv4: numbers N H W G D P OH OW kernel stride padding dilation (y x each), offset_scale, columns. */
static inline void dcn(const float *in, const float *off, const float *mask, long step_o, long step_m, long group_o,
                       long group_m, const float *up, float *r0, float *goff, float *gmask, const double *n) {
  long N = INT(0), H = INT(1), W = INT(2), G = INT(3), D = INT(4), P = INT(5), OH = INT(6), OW = INT(7);
  long ky = INT(8), kx = INT(9), sy = INT(10), sx = INT(11), py = INT(12), px = INT(13), dy = INT(14), dx = INT(15);
  float scale = n[16];
  long my = dy * (ky - 1) / 2, mx = dx * (kx - 1) / 2;
  Map m = {H, W, W * G * D, G * D, 1, D};
  memset(r0, 0, sizeof(float) * (up ? N * H * W * G * D : N * OH * OW * G * D));
  for (long i = 0; i < N * OH * OW; i++) {
    long ow = i % OW, oh = i / OW % OH, image = i / (OW * OH) * H * W * G * D;
    for (long g = 0; g < G; g++)
      for (long p = 0; p < P; p++) {
        const float *o = off + i * step_o + g * group_o + 2 * p;
        float weight = mask[i * step_m + g * group_m + p], grad[3] = {0, 0, 0};
        float y = oh * sy - py + my + (p % ky * dy - my + o[1]) * scale;
        float x = ow * sx - px + mx + (p / ky * dx - mx + o[0]) * scale;
        long at = image + g * D, to = (i * G + g) * D;
        if (y > -1 && x > -1 && y < H && x < W) {
          Corners k = corners(m, y, x, 0);
          if (up) scatter(m, in + at, k, weight, up + to, 1, r0 + at, grad);
          else gather(m, in + at, k, weight, r0 + to, 1);
        }
        if (!up) continue;
        goff[i * step_o + g * group_o + 2 * p] = grad[1] * scale;
        goff[i * step_o + g * group_o + 2 * p + 1] = grad[0] * scale;
        gmask[i * step_m + g * group_m + p] = grad[2];
      }
  }
}

void dcn_v3(ARGS) {
  long G = INT(3), P = INT(5);
  dcn(a, b, c, 2 * G * P, G * P, 2 * P, P, up, r0, r1, r2, n);
}

void dcn_v4(ARGS) {
  long P = INT(8) * INT(9), M = INT(17);
  double own[17];
  memcpy(own, n, sizeof own);
  own[5] = P;
  if (up) memset(r1, 0, sizeof(float) * INT(0) * INT(6) * INT(7) * M);
  dcn(a, b, b + 2 * P, M, M, 3 * P, 3 * P, up, r0, r1, up ? r1 + 2 * P : 0, own);
}

/* value, shapes, starts, location, attention; B S M D Q L P. */
void ms_deform_attn(ARGS) {
  long B = INT(0), S = INT(1), M = INT(2), D = INT(3), Q = INT(4), L = INT(5), P = INT(6);
  memset(r0, 0, sizeof(float) * (up ? B * S * M * D : B * Q * M * D));
  for (long i = 0; i < B * Q * M; i++)
    for (long l = 0; l < L; l++) {
      long H = b[2 * l], W = b[2 * l + 1];
      Map map = {H, W, W * M * D, M * D, 1, D};
      long at = (i / (Q * M) * S + (long)c[l]) * M * D + i % M * D;
      for (long p = 0; p < P; p++) {
        long j = (i * L + l) * P + p;
        float x = d[2 * j] * W - 0.5f, y = d[2 * j + 1] * H - 0.5f, grad[3] = {0, 0, 0};
        if (y > -1 && x > -1 && y < H && x < W) {
          Corners k = corners(map, y, x, 0);
          if (up) scatter(map, a + at, k, e[j], up + i * D, 1, r0 + at, grad);
          else gather(map, a + at, k, e[j], r0 + i * D, 1);
        }
        if (!up) continue;
        r1[2 * j] = grad[1] * W, r1[2 * j + 1] = grad[0] * H, r2[j] = grad[2];
      }
    }
}

/* One sample of a bin by RoIAlign's rule; in `g` the slopes of y and x. */
static inline void aligned(Map m, const float *in, float y, float x, float weight, const float *up, float *out,
                           float *grad, long os, float g[3]) {
  g[0] = g[1] = 0;
  if (y < -1 || y > m.H || x < -1 || x > m.W) return;
  int flatY = y < 0 || y >= m.H - 1, flatX = x < 0 || x >= m.W - 1;
  y = fminf(fmaxf(y, 0), m.H - 1), x = fminf(fmaxf(x, 0), m.W - 1);
  Corners k = corners(m, y, x, 1);
  if (!up) return gather(m, in, k, weight, out, os);
  scatter(m, in, k, weight, up, os, grad, g);
  if (flatY) g[0] = 0;
  if (flatX) g[1] = 0;
}

/* input, rois; N C H W R PH PW scale ratio. */
void roi_align_rotated(ARGS) {
  long N = INT(0), C = INT(1), H = INT(2), W = INT(3), R = INT(4), PH = INT(5), PW = INT(6), S = INT(8);
  float scale = n[7], g[3];
  Map m = {H, W, W, 1, H * W, C};
  memset(r0, 0, sizeof(float) * (up ? N * C * H * W : R * C * PH * PW));
  for (long r = 0; r < R; r++) {
    const float *box = b + 6 * r;
    float cx = box[1] * scale - 0.5f, cy = box[2] * scale - 0.5f, w = box[3] * scale, h = box[4] * scale;
    float s = sinf(box[5]), co = cosf(box[5]);
    long at = (long)box[0] * C * H * W;
    for (long bin = 0; bin < PH * PW; bin++)
      for (long i = 0; i < S * S; i++) {
        float v = bin / PW * h / PH - h / 2 + (i / S + 0.5f) * h / PH / S;
        float u = bin % PW * w / PW - w / 2 + (i % S + 0.5f) * w / PW / S;
        long to = r * C * PH * PW + bin;
        aligned(m, a + at, v * co - u * s + cy, v * s + u * co + cx, 1.f / (S * S), up ? up + to : 0, r0 + to, r0 + at,
                PH * PW, g);
      }
  }
}

/* input, rois, offset; N C H W R PH PW scale ratio gamma. */
void deform_roi_pool(ARGS) {
  long N = INT(0), C = INT(1), H = INT(2), W = INT(3), R = INT(4), PH = INT(5), PW = INT(6), S = INT(8);
  float scale = n[7], gamma = n[9], g[3];
  long bins = PH * PW;
  Map m = {H, W, W, 1, H * W, C};
  memset(r0, 0, sizeof(float) * (up ? N * C * H * W : R * C * bins));
  for (long r = 0; r < R; r++) {
    const float *box = b + 5 * r;
    float x1 = box[1] * scale - 0.5f, y1 = box[2] * scale - 0.5f;
    float w = box[3] * scale - 0.5f - x1, h = box[4] * scale - 0.5f - y1;
    long at = (long)box[0] * C * H * W;
    for (long bin = 0; bin < bins; bin++) {
      float dx = gamma * w * c[2 * r * bins + bin], dy = gamma * h * c[(2 * r + 1) * bins + bin], gy = 0, gx = 0;
      for (long i = 0; i < S * S; i++) {
        float y = y1 + dy + bin / PW * h / PH + (i / S + 0.5f) * h / PH / S;
        float x = x1 + dx + bin % PW * w / PW + (i % S + 0.5f) * w / PW / S;
        long to = r * C * bins + bin;
        aligned(m, a + at, y, x, 1.f / (S * S), up ? up + to : 0, r0 + to, r0 + at, bins, g);
        gy += g[0], gx += g[1];
      }
      if (!up) continue;
      r1[2 * r * bins + bin] = gx * gamma * w, r1[(2 * r + 1) * bins + bin] = gy * gamma * h;
    }
  }
}

/* input, rois, trans of one class, with a group and a part for each bin; N O H W R PH PW scale ratio std. */
void deform_ps_roi_pool(ARGS) {
  long N = INT(0), O = INT(1), H = INT(2), W = INT(3), R = INT(4), PH = INT(5), PW = INT(6), S = INT(8);
  float scale = n[7], share = n[9], g[3];
  long bins = PH * PW;
  Map m = {H, W, W, 1, bins * H * W, O};
  memset(r0, 0, sizeof(float) * (up ? N * O * bins * H * W : R * O * bins));
  for (long r = 0; r < R; r++) {
    const float *box = b + 5 * r;
    float x1 = roundf(box[1]) * scale - 0.5f, y1 = roundf(box[2]) * scale - 0.5f;
    float w = fmaxf((roundf(box[3]) + 1) * scale - 0.5f - x1, 0.1f);
    float h = fmaxf((roundf(box[4]) + 1) * scale - 0.5f - y1, 0.1f);
    for (long bin = 0; bin < bins; bin++) {
      float dx = share * w * c[2 * r * bins + bin], dy = share * h * c[(2 * r + 1) * bins + bin], gy = 0, gx = 0;
      long at = ((long)box[0] * O * bins + bin) * H * W, to = r * O * bins + bin, met = 0;
      for (int pass = 0; pass < 2; pass++)
        for (long i = 0; i < S * S; i++) {
          float y = y1 + dy + bin / PW * h / PH + i / S * h / PH / S;
          float x = x1 + dx + bin % PW * w / PW + i % S * w / PW / S;
          if (!(y >= -0.5f && y <= H - 0.5f && x >= -0.5f && x <= W - 0.5f)) continue;
          if (pass == 0) {
            met++;
            continue;
          }
          aligned(m, a + at, y, x, 1.f / met, up ? up + to : 0, r0 + to, r0 + at, bins, g);
          gy += g[0], gx += g[1];
        }
      if (!up) continue;
      r1[2 * r * bins + bin] = gx * share * w, r1[(2 * r + 1) * bins + bin] = gy * share * h;
    }
  }
}

/* The integral of the tent around 0 up to t, and the tent. */
static inline float below(float t) {
  t = fminf(fmaxf(t, -1), 1);
  return t < 0 ? 0.5f * (1 + t) * (1 + t) : 1 - 0.5f * (1 - t) * (1 - t);
}
static inline float tent(float t) { return fmaxf(0, 1 - fabsf(t)); }

/* input, rois; N C H W R PH PW scale. */
void prroi_pool(ARGS) {
  long N = INT(0), C = INT(1), H = INT(2), W = INT(3), R = INT(4), PH = INT(5), PW = INT(6);
  float scale = n[7];
  memset(r0, 0, sizeof(float) * (up ? N * C * H * W : R * C * PH * PW));
  if (up) memset(r1, 0, sizeof(float) * R * 5);
  for (long r = 0; r < R; r++) {
    const float *box = b + 5 * r;
    float bw = (box[3] - box[1]) * scale / PW, bh = (box[4] - box[2]) * scale / PH;
    long image = (long)box[0] * C * H * W;
    for (long bin = 0; bin < PH * PW; bin++) {
      long ph = bin / PW, pw = bin % PW;
      float l = box[1] * scale + pw * bw, t = box[2] * scale + ph * bh, rt = l + bw, bt = t + bh, area = bw * bh;
      float gl = 0, gr = 0, gt = 0, gb = 0;
      for (long y = fmaxf(0, floorf(t)); y <= ceilf(bt) && y < H; y++)
        for (long x = fmaxf(0, floorf(l)); x <= ceilf(rt) && x < W; x++) {
          float wy = below(bt - y) - below(t - y), wx = below(rt - x) - below(l - x), w = wy * wx / area, sum = 0;
          const float *p = a + image + y * W + x;
          long to = r * C * PH * PW + bin;
          if (!up) {
            for (long ch = 0; ch < C; ch++) r0[to + ch * PH * PW] += w * p[ch * H * W];
            continue;
          }
          for (long ch = 0; ch < C; ch++) {
            float u = up[to + ch * PH * PW];
            r0[image + y * W + x + ch * H * W] += w * u;
            sum += u * p[ch * H * W];
          }
          gr += sum / area * wy * (tent(rt - x) - wx / bw), gl += sum / area * wy * (wx / bw - tent(l - x));
          gb += sum / area * wx * (tent(bt - y) - wy / bh), gt += sum / area * wx * (wy / bh - tent(t - y));
        }
      if (!up) continue;
      float u = (float)pw / PW, v = (float)(pw + 1) / PW, s = (float)ph / PH, q = (float)(ph + 1) / PH;
      r1[5 * r + 1] += scale * (gl * (1 - u) + gr * (1 - v)), r1[5 * r + 3] += scale * (gl * u + gr * v);
      r1[5 * r + 2] += scale * (gt * (1 - s) + gb * (1 - q)), r1[5 * r + 4] += scale * (gt * s + gb * q);
    }
  }
}
