import { existsSync } from 'node:fs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether tests on the WebGPU provider can run here. */
    hasWebGpu: boolean;
  }
}

/** SwiftShader, a Vulkan driver that computes on the processor, as Debian's chromium-common has it. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const loaders = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/libvulkan.so.1`);

/**
 * Lets the WebGPU provider of test processes find a driver: the one that VK_DRIVER_FILES names, or else SwiftShader.
 * Tells what is missing where there is none.
 */
export function findSoftwareGpu(tell: (message: string) => void): boolean {
  process.env.VK_DRIVER_FILES ??= swiftShader;
  const missing = [
    ...(loaders.some((path) => existsSync(path)) ? [] : ['libvulkan1']),
    ...(existsSync(process.env.VK_DRIVER_FILES) ? [] : ['chromium-common']),
  ];
  if (missing.length === 0) return true;
  tell(`no software GPU: tests on WebGPU skip; apt-get install ${missing.join(' ')}`);
  return false;
}
