import { openRedis } from './redis-server.ts';

// A process that owns a private server until it is killed: prints the URL and stays.
const { url } = await openRedis({
  url: null,
  folder: process.argv[2]!,
  tell: () => {},
  searchPath: process.env.PATH ?? '',
});
console.log(url);
setInterval(() => {}, 1000);
