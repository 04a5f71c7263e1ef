export { type AccessRole, access, accessRoles, callersOf } from './access.ts';
export { arrayBytes, float32Array, int32Array } from './arrays.ts';
export type { Denial } from './authorize.ts';
export { type CallLimits, connect, serverStream, unary } from './client.ts';
export { contracts, decodeMessage, encodeMessage } from './contracts.ts';
export type * from './messages.ts';
export { checkOwnCertificate } from './own-certificate.ts';
export { roleUri } from './peer-certificates.ts';
export { openSecurity, PeerSecurity, type PeerSecurityOptions } from './peer-security.ts';
export {
  type MessageSink,
  RpcServer,
  type RpcServerOptions,
  type ServedService,
  streamHandler,
  unaryHandler,
} from './server.ts';
export { requireSameMinor, softwareVersion } from './software-version.ts';
export { fromStatus, toStatus } from './status.ts';
export { decodeStored, encodeStored } from './stored-messages.ts';
export { tokenHash } from './tokens.ts';
export {
  chunkBytes,
  roleFromWire,
  sendWeights,
  WeightAssembler,
  type WeightTransfer,
  type WeightVersion,
  wholeTransfer,
  wireRole,
} from './weight-transfer.ts';
