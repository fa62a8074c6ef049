/* Float evaluation in float. */
#include <math.h>
#include <string.h>

#include "assembler.h"
#include "float_net.h"

#define REAL float
#define NAME(x) x##_f32
#include "eval_body.h"
