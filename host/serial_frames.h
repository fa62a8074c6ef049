/* Words of the host port as frames of bytes: docs/fabric.md, Bytes. */
#ifndef NH_SERIAL_FRAMES_H
#define NH_SERIAL_FRAMES_H

#include <stdint.h>

#define NH_FRAME_WORD 16 /* most bytes of a word */
#define NH_FRAME_BYTES (NH_FRAME_WORD * 8 / 7 + 2)

/* Bytes of the frame number `number` with the `bits` lowest bits of word, into out; how many. */
int nh_frame_encode(const uint8_t *word, int bits, unsigned number, uint8_t *out);

typedef enum { NH_FRAME_NONE, NH_FRAME_IS_WORD, NH_FRAME_IS_TOKEN, NH_FRAME_IS_BAD } nh_frame_what;

/* Zero-initialised: at the begin of frame 0. */
typedef struct {
    uint8_t symbol[NH_FRAME_BYTES];
    int n;
    unsigned number;
} nh_frame_decoder;

/* One byte more. IS_WORD: word has it; IS_TOKEN: token is its value; IS_BAD: a frame of wrong length, check or number.
 */
nh_frame_what nh_frame_decode(nh_frame_decoder *d, uint8_t byte, int bits, uint8_t *word, int *token);

#endif
