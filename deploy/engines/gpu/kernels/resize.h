// What one pixel of the network's input is, for the GPU and for the CPU alike: resize.cu calls this
// from a kernel, tests call it from a loop. `deploy/bundle/pixels.py` is the definition.
//
// All is whole numbers, so the same source gives the same bytes wherever it is compiled: positions
// along an axis of `from` source pixels and `to` target pixels are counted in 1/to of a source
// pixel, and a weight is a count.
#pragma once

#ifdef __CUDACC__
#define YARDLIGHT_BOTH __host__ __device__ inline
#else
#define YARDLIGHT_BOTH inline
#endif

// One picture, or one zone of one, for one place in the batch. `deploy/engines/gpu/jobs.py` writes
// the same fields in the same order. A turned or mirrored picture has other steps, and a crop
// begins elsewhere: neither is known here.
struct Job {
  unsigned long long origin;  // address of the upright, cut picture's first pixel: R, G, B
  long long step_x;           // bytes from a pixel to its right neighbour
  long long step_y;           // bytes from a pixel to the one below
  int width, height;          // of the cut picture; 0: this place in the batch is left as it is
  int inner_left, inner_top, inner_width, inner_height;  // where in the input it comes to lie
  int area;                                              // else linear
  int place;                                             // in the batch
};

YARDLIGHT_BOTH const unsigned char* pixel_at(const Job& job, int x, int y) {
  const unsigned char* origin = reinterpret_cast<const unsigned char*>(job.origin);
  return origin + x * job.step_x + y * job.step_y;
}

// sum / weight, rounded half up. 32 bits suffice once a weight beyond 23 bits, that of pictures
// beyond 8 million pixels, is cut to them: that changes a grey level by less than 1e-4.
YARDLIGHT_BOTH unsigned char rounded(unsigned long long sum, unsigned long long weight) {
  while (weight >> 23) {
    sum >>= 1;
    weight >>= 1;
  }
  const unsigned divisor = static_cast<unsigned>(weight);
  const unsigned quotient = (static_cast<unsigned>(sum) + divisor / 2) / divisor;
  return static_cast<unsigned char>(quotient < 255 ? quotient : 255);
}

// The source pixels that a target pixel covers along one axis.
struct Span {
  int first, last;
  unsigned first_weight, last_weight;  // those between weigh `to`
};

YARDLIGHT_BOTH Span covered(int at, int from, int to) {
  const long long begin = static_cast<long long>(at) * from;
  const long long end = begin + from;
  Span span;
  span.first = static_cast<int>(begin / to);
  span.last = static_cast<int>((end - 1) / to);
  span.first_weight = static_cast<unsigned>((span.first + 1LL) * to - begin);
  span.last_weight = static_cast<unsigned>(end - static_cast<long long>(span.last) * to);
  if (span.first == span.last) span.first_weight = static_cast<unsigned>(from);
  return span;
}

YARDLIGHT_BOTH unsigned weight_in(const Span& span, int at, int to) {
  if (at == span.first) return span.first_weight;
  return at == span.last ? span.last_weight : static_cast<unsigned>(to);
}

// The mean of the rectangle that the target pixel covers.
YARDLIGHT_BOTH void average(const Job& job, int x, int y, unsigned char* target) {
  const Span across = covered(x, job.width, job.inner_width);
  const Span down = covered(y, job.height, job.inner_height);
  unsigned long long sum[3] = {0, 0, 0};
  for (int row = down.first; row <= down.last; ++row) {
    unsigned line[3] = {0, 0, 0};
    const unsigned char* pixel = pixel_at(job, across.first, row);
    for (int column = across.first; column <= across.last; ++column, pixel += job.step_x) {
      const unsigned weight = weight_in(across, column, job.inner_width);
      for (int colour = 0; colour < 3; ++colour) line[colour] += weight * pixel[colour];
    }
    const unsigned long long weight = weight_in(down, row, job.inner_height);
    for (int colour = 0; colour < 3; ++colour) sum[colour] += weight * line[colour];
  }
  const unsigned long long whole = static_cast<unsigned long long>(job.width) * job.height;
  for (int colour = 0; colour < 3; ++colour) target[colour] = rounded(sum[colour], whole);
}

// The two source pixels between whose centres a target pixel's centre lies, along one axis.
struct Pair {
  int near, far;
  unsigned far_weight;  // of 2 * to
};

YARDLIGHT_BOTH Pair between(int at, int from, int to) {
  const long long whole = 2LL * to;
  const long long centre = (2LL * at + 1) * from - to;
  if (centre <= 0) return Pair{0, 0, 0};
  Pair pair;
  pair.near = static_cast<int>(centre / whole);
  pair.far_weight = static_cast<unsigned>(centre % whole);
  pair.far = pair.near + 1;
  if (pair.far >= from) pair.near = pair.far = from - 1;
  return pair;
}

YARDLIGHT_BOTH void interpolate(const Job& job, int x, int y, unsigned char* target) {
  const Pair across = between(x, job.width, job.inner_width);
  const Pair down = between(y, job.height, job.inner_height);
  const unsigned long long right = across.far_weight, left = 2ULL * job.inner_width - right;
  const unsigned long long below = down.far_weight, above = 2ULL * job.inner_height - below;
  const unsigned char* corners[4] = {
      pixel_at(job, across.near, down.near), pixel_at(job, across.far, down.near),
      pixel_at(job, across.near, down.far), pixel_at(job, across.far, down.far)};
  for (int colour = 0; colour < 3; ++colour) {
    const unsigned long long upper = left * corners[0][colour] + right * corners[1][colour];
    const unsigned long long lower = left * corners[2][colour] + right * corners[3][colour];
    target[colour] = rounded(above * upper + below * lower, (left + right) * (above + below));
  }
}

// Writes the pixel x, y of the input that the job fills.
YARDLIGHT_BOTH void resize_pixel(const Job& job, int x, int y, int grey, unsigned char* target) {
  const int column = x - job.inner_left, row = y - job.inner_top;
  const bool within =
      column >= 0 && row >= 0 && column < job.inner_width && row < job.inner_height;
  if (!within) {
    target[0] = target[1] = target[2] = static_cast<unsigned char>(grey);
  } else if (job.area) {
    average(job, column, row, target);
  } else {
    interpolate(job, column, row, target);
  }
}
