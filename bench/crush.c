/* crush STREAM [reversed | low | fraction]: SmallCrush of TestU01 1.2.3 (L'Ecuyer & Simard, ACM TOMS 33, 2007) on the doubles
   of standard input, of which it takes the high 32 bits; with `reversed` their reverse, with `low` the low 32 of 53. Names that
   begin with "normal" are mapped to the unit interval by the distribution function; `fraction` keeps what is left of 4096 of it.
   cc -O2 -I$TESTU01/include bench/crush.c -L$TESTU01/lib -ltestu01 -lprobdist -lmylib -lm -o crush */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bbattery.h"
#include "swrite.h"
#include "unif01.h"

#define N 65536
static double draws[N];
static int at = N, isNormal;
static unsigned long long used;
static const char *part = "";

static double next(void) {
  if (at == N) {
    if (fread(draws, sizeof(double), N, stdin) < N) { fprintf(stderr, "the stream ended\n"); exit(1); }
    at = 0;
  }
  used++;
  return draws[at++];
}

static unsigned reversed(unsigned x) {
  unsigned y = 0;
  for (int i = 0; i < 32; i++, x >>= 1) y = y << 1 | (x & 1);
  return y;
}

static unsigned bits(void) {
  double u = next();
  if (isNormal) u = fmin(0.5 * erfc(-u * M_SQRT1_2), 1 - 0x1p-53);
  if (!strcmp(part, "low")) return (unsigned)(uint64_t)(u * 0x1p53);
  if (!strcmp(part, "fraction")) u = u * 4096 - floor(u * 4096);
  unsigned high = (unsigned)(uint64_t)(u * 0x1p32);
  return strcmp(part, "reversed") ? high : reversed(high);
}

int main(int count, char **words) {
  isNormal = !strncmp(words[1], "normal", 6);
  if (count > 2) part = words[2];
  swrite_Basic = FALSE;
  bbattery_SmallCrush(unif01_CreateExternGenBits(words[1], bits));
  printf("%llu draws\n", used);
  return 0;
}
