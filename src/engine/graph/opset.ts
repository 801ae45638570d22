/** @file The one version of ONNX the product writes. */

/** IR version 10 and opset 21 are read by every ONNX Runtime since 1.18. `com.microsoft` holds its fused kernels. */
export const irVersion = 10
export const opsets = { '': 21, 'com.microsoft': 1 } as const
