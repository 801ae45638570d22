/** @file How much of the machine one picture may take. */

/** Pixels of the largest picture that is decoded; cameras with 102 megapixels pass. */
export const maxPixels = 128_000_000
/** From here on a picture is decoded alone, because its pixels fill a good part of a small machine's memory. */
export const largePixels = 64_000_000
/** The same for interlaced and progressive pictures, which are held whole while they are decoded. */
export const largeInterlacedPixels = 16_000_000
/** Colour channels plus alpha; CMYK with alpha has five. */
export const maxChannels = 5
/** Bytes of one block of EXIF, ICC, IPTC or XMP. */
export const maxMetadataBytes = 8 * 1024 * 1024
/** Bytes of a file; 128 megapixels of uncompressed 16-bit RGBA have as many. */
export const maxFileBytes = 1024 * 1024 * 1024
/** Seconds after which decoding is given up. */
export const decodeSeconds = 30
