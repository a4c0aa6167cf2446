// Runs two generated kernels, deformable convolution and its gradient by the image, and holds them against plain loops.
//
//   cc -std=c11 -O2 -Wno-psabi -c generated/c/deform_conv2d.c -o deform_conv2d.o
//   cc -std=c11 -O2 -Wno-psabi -c generated/c/deform_conv2d_backward.c -o deform_conv2d_backward.o
//   cc -std=c99 -Wall -Wextra -Werror -I generated/c examples/c/main.c *.o -lm -o example

#include <stdio.h>
#include <stdlib.h>

#include "deform_conv2d.h"
#include "deform_conv2d_backward.h"
#include "plain.h"

static float input[INPUTS], offset[OFFSETS], weight[WEIGHTS], grad_output[OUTPUTS];
static float output[OUTPUTS], grad_input[INPUTS];
static double expected_output[OUTPUTS], expected_grad[INPUTS];

// Options are numbers; the header says which.
enum { ZEROS = 0, INTERLEAVED = 0, ONE_SIDED = 0, OVERWRITE = 0 };

static int compare(const char *name, const float *data, const double *expected, size_t count) {
  const double worst = differ(data, expected, count);
  const int agrees = worst <= 1e-5;
  printf("%-12s %s: largest difference %.1e of the largest number\n", name,
      agrees ? "agrees" : "DIFFERS", worst);
  return agrees;
}

int main(void) {
  fill(input, INPUTS, 1.0f, 1);
  fill(offset, OFFSETS, 2.5f, 2);  // some taps land outside of the image
  fill(weight, WEIGHTS, 1.0f, 3);
  fill(grad_output, OUTPUTS, 1.0f, 4);

  // Without memory of ours (NULL) the function allocates its own for the time of the call.
  int32_t code = deform_conv2d(input, offset, weight, output, N, C, H, W, G, K, K, O, C, 1, 1, PAD,
      PAD, PAD, PAD, 1, 1, ZEROS, INTERLEAVED, ONE_SIDED, NULL, 1);
  if (code != 0) {
    fprintf(stderr, "%s\n", deform_conv2d_error(code));
    return 1;
  }

  // With memory of ours, of the size that the function beside it says, nothing is allocated.
  const size_t bytes = deform_conv2d_backward_workspace_bytes(N, C, H, W, G, K, K, O, C, 1, 1, PAD,
      PAD, PAD, PAD, 1, 1, ZEROS, INTERLEAVED, ONE_SIDED, OVERWRITE, 1);
  void *const workspace = malloc(bytes);
  if (!workspace) return 1;
  // Gradients that are NULL are not computed.
  code = deform_conv2d_backward(input, offset, weight, grad_output, grad_input, NULL, NULL, N, C, H,
      W, G, K, K, O, C, 1, 1, PAD, PAD, PAD, PAD, 1, 1, ZEROS, INTERLEAVED, ONE_SIDED, OVERWRITE,
      workspace, 1);
  free(workspace);
  if (code != 0) {
    fprintf(stderr, "%s\n", deform_conv2d_backward_error(code));
    return 1;
  }

  // What cannot be is refused with a number, and a sentence for it.
  code = deform_conv2d(input, offset, weight, output, N, C, H, W, G, K, K, O, C, 0, 1, PAD, PAD,
      PAD, PAD, 1, 1, ZEROS, INTERLEAVED, ONE_SIDED, NULL, 1);
  printf("stride 0     refused: %s\n", deform_conv2d_error(code));

  plain_forward(input, offset, weight, expected_output);
  plain_grad_input(offset, weight, grad_output, expected_grad);
  const int forward = compare("output", output, expected_output, OUTPUTS);
  const int backward = compare("grad_input", grad_input, expected_grad, INPUTS);
  return forward && backward && code != 0 ? 0 : 1;
}
