// All pictures of a batch to the network's input, uint8 [places, height, width, 3], in one launch:
// a thread for each pixel, blocks of 32 x 8, and the jobs along the grid's third axis.
#include "resize.h"

extern "C" __global__ void resize(const Job* jobs, unsigned char* batch, int width, int height,
                                  int grey) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  const Job job = jobs[blockIdx.z];
  if (x >= width || y >= height || job.width == 0) return;
  const long long pixel = (static_cast<long long>(job.place) * height + y) * width + x;
  resize_pixel(job, x, y, grey, batch + 3 * pixel);
}
