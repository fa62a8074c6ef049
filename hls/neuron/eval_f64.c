/* Float evaluation in double. */
#include <math.h>
#include <string.h>

#include "assembler.h"
#include "float_net.h"

#define REAL double
#define NAME(x) x##_f64
#include "eval_body.h"
