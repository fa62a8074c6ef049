/* Functions of one variable, y = f(x) element by element: one row per operator, read by the float reference, by
 * interval analysis and by what builds hardware. */
#ifndef NH_UNARY_H
#define NH_UNARY_H

#include "graph.h"

typedef struct {
    nh_op op;
    /* f; p are the layer's alpha and beta. Where f is not defined it is continued: log(x <= 0) is -inf, sqrt(x < 0) is
     * 0. */
    long double (*f)(long double x, const double p[2]);
    double lo, hi; /* f is within; infinite where it has no bound */
    double turn;   /* the only place where f changes its direction, or NAN: monotone */
    /* of tables: see nh_dp_curve */
    bool rises; /* f(x) - max(x, 0) is flat far from 0; SELU: f(x) - beta max(x, 0) */
    bool octaves, odd;
} nh_unary;

/* NULL: the operator is none. */
const nh_unary *nh_unary_get(nh_op op);
/* alpha and beta as the row takes them. */
void nh_unary_params(const nh_layer *l, double p[2]);
/* The factor of max(x, 0) that is not in the table. */
double nh_unary_rising(const nh_layer *l);
double nh_unary_eval(const nh_layer *l, double x);
/* Everything that f gives over [lo, hi]; ends may be infinite. */
void nh_unary_image(const nh_layer *l, double lo, double hi, double image[2]);

#endif
