/** Known failures, by what ONNX Runtime, Dawn (its WebGPU) and the linker write. */
const explanations: readonly (readonly [RegExp, string])[] = [
  [
    /libonnxruntime_providers_(shared|cuda)\.so: cannot open/,
    'the CUDA provider is not in this installation; take the image of the Dockerfile’s target cuda, or fetch it by onnxruntime-node’s install script with --onnxruntime-node-install=cuda12',
  ],
  [
    /lib(cuda|cudart|cublas\w*|cudnn\w*|cufft|curand|nvrtc)\b[\w.]*: cannot open/,
    'a library of CUDA 12 or cuDNN 9 is missing; take the image of the Dockerfile’s target cuda',
  ],
  [
    /CUDA failure 100|no CUDA-capable device/i,
    'CUDA finds no GPU; give the container one (docker run --gpus all)',
  ],
  [
    /Couldn't load Vulkan/,
    'there is no Vulkan loader (libvulkan.so.1); install it (Debian: libvulkan1) and a driver for the GPU (Mesa’s, or NVIDIA’s, which a container sees only where NVIDIA_DRIVER_CAPABILITIES has graphics)',
  ],
  [
    /Failed to get a WebGPU adapter/,
    'Vulkan is there, but no GPU that WebGPU can use; see that its driver is installed and visible (vulkaninfo --summary lists them)',
  ],
  [
    /requires f16 but the device does not support it/,
    'its GPU or driver has no float16 (WebGPU’s feature shader-f16)',
  ],
];

/** Why a device failed, in a sentence, from everything that the attempt wrote. */
export function explainFailure(output: string): string {
  const known = explanations.find(([pattern]) => pattern.test(output));
  if (known) return known[1];
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim().slice(0, 300) ?? 'it said nothing';
}
