export { ByRank } from './by-rank.ts';
export {
  chooseDevice,
  type Device,
  type DeviceChoice,
  type DeviceNeeds,
  type DeviceSetting,
  devices,
  type LargestTensor,
} from './device.ts';
export { Downloader } from './downloader.ts';
export type { CallOptions, Engine } from './engine.ts';
export { startEngine } from './engine.ts';
export type { Fingerprint } from './fingerprint.ts';
export { fingerprint, providers, sameFingerprint } from './fingerprint.ts';
export type { CallContext, EngineContext, Handlers, ServeOptions } from './serve-engine.ts';
export { serveEngine, withTransfer } from './serve-engine.ts';
export type {
  DeviceSession,
  DeviceTensor,
  Feeds,
  MixedSession,
  Session,
  SessionOptions,
  Tensor,
  TensorData,
} from './session.ts';
export { freeArrays, openDeviceSession, openMixedSession, openSession, tensor } from './session.ts';
export { openUploader, PlacedFeeds, type Uploader } from './uploader.ts';
