// Preloaded into a process (`node --require`): its machine knows no IPv6.
'use strict';
const { Server, isIPv6 } = require('node:net');

const { listen } = Server.prototype;
Server.prototype.listen = function (options, ...rest) {
  if (!isIPv6(options.host ?? '')) return listen.call(this, options, ...rest);
  const error = new Error(`listen EAFNOSUPPORT: address family not supported ${options.host}`);
  process.nextTick(() => this.emit('error', Object.assign(error, { code: 'EAFNOSUPPORT' })));
  return this;
};
