// Kernels by hand for the interpreter of PTX: one file, so that nvcc runs once for each architecture. All have the
// signature run(x, y, N, a).

const kernel = (name: string, body: string): string => `
extern "C" __global__ void ${name}(const float* __restrict__ x, float* __restrict__ y, int N, float a) {
  const int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
${body}
}`;

/** The kernels, right and wrong. */
export const source = [
  kernel("scale", "  if (i < N) y[i] = a * x[i];"),
  kernel(
    "sums",
    `  __shared__ float part[64];
  part[t] = i < N ? x[i] : 0.0f;
  __syncthreads();
  for (int s = 32; s > 0; s >>= 1) {
    if (t < s) part[t] += part[t + s];
    __syncthreads();
  }
  if (i < N) y[i] = a * part[0];`,
  ),
  // y = a x·x of a square matrix, by tiles of 8 by 8; N is not a multiple of 8 and has a square root.
  kernel(
    "product",
    `  __shared__ float left[8][9], right[8][9];
  int n = 1;
  while (n * n < N) ++n;
  const int tiles = (n + 7) / 8, r = t / 8, c = t % 8;
  const int row = blockIdx.x / tiles * 8 + r, column = blockIdx.x % tiles * 8 + c;
  float sum = 0.0f;
  for (int k = 0; k < n; k += 8) {
    left[r][c] = row < n && k + c < n ? x[row * n + k + c] : 0.0f;
    right[r][c] = k + r < n && column < n ? x[(k + r) * n + column] : 0.0f;
    __syncthreads();
    for (int s = 0; s < 8; ++s) sum += left[r][s] * right[s][c];
    __syncthreads();
  }
  if (row < n && column < n) y[row * n + column] = a * sum;`,
  ),
  kernel(
    "shuffles",
    `  __shared__ float warps[2];
  float v = i < N ? x[i] : 0.0f;
  for (int s = 16; s > 0; s >>= 1) v += __shfl_down_sync(0xffffffffu, v, s);
  if (t % 32 == 0) warps[t / 32] = v;
  __syncthreads();
  const unsigned small = __ballot_sync(0xffffffffu, i < N && x[i] < 10.0f);
  if (i < N) y[i] = warps[0] + warps[1] + 1000.0f * __popc(small);`,
  ),
  kernel(
    "warp",
    `  __shared__ float s[64];
  s[t] = i < N ? x[i] : 0.0f;
  __syncwarp();
  if (i < N) y[i] = s[t ^ 1];`,
  ),
  kernel("counts", "  if (i < N) atomicAdd(&y[int(x[i]) % 7], 1.0f);"),
  kernel(
    "maths",
    "  if (i < N) y[i] = sinf(1e6f * x[i]) + expf(-x[i]) + sqrtf(x[i]) / x[i] + powf(x[i], 0.3f) + tanhf(x[i]) + rintf(0.5f * x[i]) + log1pf(x[i]);",
  ),
  kernel(
    "vectors",
    "  if (4 * i < N) { float4 v = ((const float4*)x)[i]; v.x += v.w; v.z *= a; ((float4*)y)[i] = v; }",
  ),
  kernel(
    "copies",
    `  __shared__ float tile[64];
  const unsigned to = unsigned(__cvta_generic_to_shared(&tile[t]));
  const int take = i < N ? 4 : 0;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" :: "r"(to), "l"(x + i), "r"(take));
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.wait_group 0;");
  __syncthreads();
  if (i < N) y[i] = tile[63 - t];`,
  ),
  kernel(
    "unawaited",
    `  __shared__ float tile[64];
  const unsigned to = unsigned(__cvta_generic_to_shared(&tile[t]));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" :: "r"(to), "l"(x + i));
  asm volatile("cp.async.commit_group;");
  __syncthreads();
  y[i] = tile[63 - t];`,
  ),
  kernel("unguarded", "  y[i] = x[min(i, N - 1)];"),
  kernel(
    "misaligned",
    "  float4 v = *(const float4*)(x + 1 + 4 * (N / 1000)); if (i == 0) y[0] = v.x + v.y + v.z + v.w;",
  ),
  kernel("unsynchronised", "  __shared__ float s[64]; s[t] = x[i]; if (t < 32) y[i] = s[t + 32];"),
  kernel("unwritten", "  __shared__ float s[65]; s[t] = x[i]; __syncthreads(); y[i] = s[t + 1];"),
  kernel("diverging", "  if (t < 32) { __syncthreads(); y[i] = 1.0f; } else { y[i] = 2.0f; }"),
  kernel("collision", "  y[i / 2] = x[i];"),
  kernel("groups", "  y[t] = x[i];"),
  kernel("unatomic", "  y[int(x[i]) % 7] += 1.0f;"),
  kernel("promised", "  y[i] = a; if (i > 0) y[i] += __ldg(&y[i - 1]);"),
  kernel("endless", "  volatile float* v = y; while (v[i] != a) { v[i] = 0.0f; }"),
  kernel("divided", "  y[i] = float(1000 / (N - 64));"),
  kernel("missing", "  if (t < 31) y[i] = __shfl_sync(0xffffffffu, x[i], 3);"),
].join("\n");

/** What `maths` computes. */
export const maths = (x: number): number =>
  Math.sin(Math.fround(1e6 * x)) +
  Math.exp(-x) +
  1 / Math.sqrt(x) +
  x ** Math.fround(0.3) +
  Math.tanh(x) +
  roundToEven(0.5 * x) +
  Math.log1p(x);

const roundToEven = (x: number): number => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
