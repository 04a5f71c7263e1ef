export { makeCertificate, makeKeyPair } from './certificate.ts';
export {
  certificateFiles,
  makeCertificateFolder,
  type Peer,
  renewCertificates,
  writePrivate,
} from './certificate-folder.ts';
