// `kvasm/server`: the network side of the package, for programs that run in Node.
export { listen, type Listener, type ListenOptions } from './listen.js';
export { serveStatic, type StaticOptions, type StaticServer } from './static.js';
