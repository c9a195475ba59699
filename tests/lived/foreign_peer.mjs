#!/usr/bin/env node
// A second, independent peer of the p2p-gossip wire protocol, version 1, for interoperability tests.
//
//   node foreign_peer.mjs --port N [--connect host:port ...] [--network default] [--name foreign]
//                         [--period 1] [--heartbeat 1] [--seconds 60] [--host ADDRESS]
//
// It prints one JSON object a line. The event "violation" says that the remote did something that
// the protocol does not allow; "peers" counts the other peers of which a record is held. Section
// numbers (§) are those of the protocol document. Node 20 or newer; nothing else is needed.
//
// It is made for networks of some hundred peers: of the limits in §8 it keeps those that a remote can
// see (sizes, times, backoff, what it dials), not those that guard a node against floods.

import crypto from 'node:crypto';
import net from 'node:net';
import os from 'node:os';
import tls from 'node:tls';
import { lookup } from 'node:dns/promises';
import { parseArgs } from 'node:util';

const defaults = {
  port: '0', network: 'default', name: 'foreign', period: '1', heartbeat: '1', seconds: '60',
};
const options = parseArgs({
  options: {
    connect: { type: 'string', multiple: true, default: [] }, host: { type: 'string' },
    ...Object.fromEntries(Object.entries(defaults).map(([k, v]) => [k, { type: 'string', default: v }])),
  },
}).values;
const NETWORK = options.network;
const PERIOD = Number(options.period);
const HEARTBEAT = Number(options.heartbeat);
const ALPN = 'p2p-gossip/1';
const SEAL = Buffer.from('p2p-gossip/1 record\n');
const INSTANCE = crypto.randomBytes(8).toString('hex');
const TTL = 259200;
const DAY = 86400e3;
const TICK = 25; // ms: half the shortest heartbeat that may be promised
const MAX_FRAME = 65536, MAX_FIRST_FRAME = 16384; // §2

const monotonic = () => performance.now(); // §5: a wall clock that jumps changes nothing
const sha256 = (data) => crypto.createHash('sha256').update(data).digest();

// ---- Output ------------------------------------------------------------------------------------------

function emit(event, members) {
  // JSON escapes C0; what else could steer a terminal is escaped here (§8).
  const line = JSON.stringify({ event, ...members }).replace(/[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  process.stdout.write(line + '\n');
}
const violation = (peer, what) => emit('violation', { peer, what });

// ---- Keys and the certificate (§1) -------------------------------------------------------------------

function der(tag, ...parts) {
  const body = Buffer.concat(parts);
  const n = body.length;
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const hex = (digits) => Buffer.from(digits, 'hex');
const sequence = (...parts) => der(0x30, ...parts);
const bits = (data) => der(0x03, Buffer.from([0]), data);
const integer = (data) => der(0x02, data[0] & 0x80 ? Buffer.from([0]) : Buffer.alloc(0), data);

/** A self-signed X.509 v3 certificate: the least that carries an Ed25519 key through TLS. */
function selfSigned(publicKey, privateKey) {
  const algorithm = sequence(hex('06032b6570'));
  const name = sequence(der(0x31, sequence(hex('0603550403'), der(0x0c, Buffer.from('peer')))));
  const dates = ['200101000000Z', '491231235959Z'].map((date) => der(0x17, Buffer.from(date)));
  const serial = crypto.randomBytes(16);
  serial[0] = (serial[0] & 0x7f) | 0x40; // positive, and with no superfluous leading zero
  const notAuthority = sequence(hex('0603551d13'), der(0x04, sequence()));
  const tbs = sequence(der(0xa0, integer(Buffer.from([2]))), integer(serial), algorithm, name,
    sequence(...dates), name, publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(notAuthority)));
  return sequence(tbs, algorithm, bits(crypto.sign(null, tbs, privateKey)));
}

/** The one encoding of an allowed key; throws for any other kind. Built anew, because OpenSSL
 *  keeps a compressed point or explicit curve as it found it, and one key must not have two ids. */
function canonicalSpki(key) {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  const raw = (text) => Buffer.from(text, 'base64url');
  if (crv === 'Ed25519') return Buffer.concat([hex('302a300506032b6570032100'), raw(x)]);
  const curve = { 'P-256': '06082a8648ce3d030107', 'P-384': '06052b81040022' }[crv];
  if (kty === 'EC' && curve) {
    const point = Buffer.concat([Buffer.from([4]), raw(x), raw(y)]);
    return sequence(sequence(hex('06072a8648ce3d0201'), hex(curve)), bits(point));
  }
  const size = key.asymmetricKeyDetails?.modulusLength;
  if (kty === 'RSA' && key.asymmetricKeyType === 'rsa' && size >= 2048 && size <= 4096) {
    const numbers = sequence(integer(raw(n)), integer(raw(e)));
    return sequence(sequence(hex('06092a864886f70d010101'), hex('0500')), bits(numbers));
  }
  throw new Error('a kind of key that is not allowed');
}

/** The public key in `spki`, which has to be allowed and canonical. */
function publicKeyOf(spki) {
  const key = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' });
  if (!canonicalSpki(key).equals(spki)) throw new Error('a key that is not encoded canonically');
  return key;
}

function verifies(key, data, signature) { // §6
  if (key.asymmetricKeyType === 'ed25519') return crypto.verify(null, data, key, signature);
  if (key.asymmetricKeyType === 'ec') {
    return crypto.verify('sha256', data, { key, dsaEncoding: 'der' }, signature);
  }
  const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
  return crypto.verify('sha256', data, { key, padding, saltLength: 32 }, signature);
}

const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519');
const OWN_SPKI = canonicalSpki(publicKey);
const OWN_ID = sha256(OWN_SPKI).toString('hex');
const certificate = selfSigned(publicKey, privateKey).toString('base64').match(/.{1,64}/g).join('\n');
const TLS = {
  key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
  ALPNProtocols: [ALPN],
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  requestCert: true,
  rejectUnauthorized: false, // no CA, names or dates: the key is the peer
  // Node cannot keep OpenSSL from sending TLS 1.3 tickets. With this option they are only handles
  // of a session cache, and there is none: nobody can resume with them.
  secureOptions: crypto.constants.SSL_OP_NO_TICKET,
};

/** The peer id that the TLS handshake has proved; throws if §1 does not allow the handshake. */
function identify(socket) {
  if (socket.alpnProtocol !== ALPN) throw new Error('ALPN was not negotiated');
  if (socket.getProtocol() !== 'TLSv1.3') throw new Error('not TLS 1.3');
  const x509 = socket.getPeerX509Certificate();
  if (!x509) throw new Error('no certificate');
  if (x509.raw.length > 4096) throw new Error('a certificate of more than 4096 bytes');
  if (x509.issuerCertificate && !x509.issuerCertificate.raw.equals(x509.raw)) {
    throw new Error('a certificate chain');
  }
  const spki = canonicalSpki(x509.publicKey);
  if (!x509.raw.includes(spki)) throw new Error('a key that is not encoded canonically');
  return sha256(spki).toString('hex');
}

// ---- JSON and the shapes of frames and records (§2, §3, §5, §6) --------------------------------------

class Refused extends Error {}

/** Parses one JSON object under the rules of §2; throws Refused. */
function parseObject(text) {
  let value;
  try { value = JSON.parse(text); } catch { throw new Refused('not JSON'); }
  if (!isObject(value)) throw new Refused('not a JSON object');
  const walk = (v, depth) => {
    if (typeof v === 'number' && !Number.isFinite(v)) throw new Refused('a number is not finite');
    if (typeof v === 'string' && !v.isWellFormed()) throw new Refused('a lone surrogate');
    if (v === null || typeof v !== 'object') return;
    if (depth > 32) throw new Refused('nested deeper than 32');
    for (const [name, member] of Object.entries(v)) {
      walk(name, depth);
      walk(member, depth + 1);
    }
  };
  walk(value, 1);
  // A parsed number no longer tells 1e300 from an integer, hence the look at the text.
  const numbers = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? [];
  for (const n of numbers) {
    if (/^-?\d+$/.test(n) && !Number.isSafeInteger(+n)) throw new Refused('an integer over 53 bits');
  }
  return value;
}

const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);
const string = (least, most) => (v) => // characters are counted as code points
  typeof v === 'string' && v.length >= least && [...v].length <= most;
const number = (least, most) => (v) => typeof v === 'number' && v >= least && v <= most;
const whole = (least) => (v) => Number.isSafeInteger(v) && v >= least;
const pattern = (regex) => (v) => typeof v === 'string' && regex.test(v);
const listOf = (check) => (v) => Array.isArray(v) && v.every(check);
const base64 = (size) => (v) => typeof v === 'string' &&
  Buffer.from(v, 'base64').toString('base64') === v && (!size || Buffer.from(v, 'base64').length === size);
const optional = (check) => Object.assign((v) => check(v), { optional: true });
const hex16 = pattern(/^[0-9a-f]{16}$/);
const anything = () => true;

const SHAPES = {
  hello: {
    network: string(1, 64), instance: hex16, record: isObject, observed: (v) => net.isIP(v) > 0,
    agent: string(0, 64), period: number(0.05, 86400), heartbeat: number(0.05, 60),
    time: number(-Infinity, Infinity), view: hex16, features: listOf(string(0, MAX_FRAME)),
    invite: optional(string(0, MAX_FRAME)),
  },
  ping: { seq: whole(1), text: string(0, 1024) },
  pong: { seq: whole(1) },
  heartbeat: { view: hex16, heartbeat: optional(number(0.05, 60)) },
  get_peers: { buckets: optional(base64(2048)) },
  peers: { records: listOf(anything), more: (v) => typeof v === 'boolean' },
  bye: { code: string(0, MAX_FRAME), reason: string(0, 1024), record: optional(isObject) },
};
const SEALED = { body: string(2, 8192), signature: base64() };
const BODY = {
  id: pattern(/^[0-9a-f]{64}$/), key: base64(), seq: whole(0), network: string(1, 64),
  name: string(0, 64),
  addresses: (v) => listOf(string(1, 255))(v) && v.length <= 8 && v.every(parseAddress),
  tags: (v) => isObject(v) && Object.values(v).every(string(0, 4096)) &&
    Buffer.byteLength(JSON.stringify(v)) <= 4096,
  state: (v) => v === 'alive' || v === 'left', ttl: number(60, 2592000),
};
const BYE_CODES = ['leaving', 'duplicate', 'network', 'refused', 'protocol', 'timeout', 'overload'];

function checkShape(value, shape, what) {
  if (!isObject(value)) throw new Refused(`${what}: not an object`);
  for (const [member, check] of Object.entries(shape)) {
    if (Object.hasOwn(value, member)) {
      if (!check(value[member])) throw new Refused(`${what}: ${member} is of a wrong type or range`);
    } else if (!check.optional) throw new Refused(`${what}: ${member} is missing`);
  }
}

// ---- Addresses (§6, §8) ------------------------------------------------------------------------------

/** "host:port" or "[v6]:port" as { host, port }; null if it is neither. */
function parseAddress(text) {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  if (!match || match[3] > 65535 || (match[1] && !net.isIPv6(match[1]))) return null;
  return { host: match[1] ?? match[2], port: Number(match[3]) };
}
const formatAddress = (ip, port) => (net.isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`);

const unwrap = (ip) => ip.replace(/^::ffff:(?=\d+\.)/i, ''); // IPv4 in IPv6, as a dual-stack socket has it
const isLoopback = (ip) => ip === '::1' || unwrap(ip).startsWith('127.');
const split = (subnet) => [subnet.split('/')[0], Number(subnet.split('/')[1])];
const NEVER = new net.BlockList(); // unspecified, link-local, multicast, reserved, broadcast, NAT64, 6to4
for (const v4 of ['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3']) NEVER.addSubnet(...split(v4), 'ipv4');
for (const v6 of ['::/3', 'fe80::/10', 'ff00::/8', '2002::/16']) NEVER.addSubnet(...split(v6), 'ipv6');
const isNever = (ip) => !isLoopback(ip) && NEVER.check(ip, net.isIPv6(ip) ? 'ipv6' : 'ipv4');

/** May an address that was heard from a peer be dialed, once it is resolved? (§8) */
function mayDial(resolved, port, loopbackAllowed) {
  const ip = unwrap(resolved);
  const own = Object.values(os.networkInterfaces()).flat().map((i) => i.address);
  if (port === 0 || (port === ownPort && (isLoopback(ip) || own.includes(ip)))) return false;
  return isLoopback(ip) ? loopbackAllowed : !isNever(ip);
}

// ---- Records (§6) and the view (§7) ------------------------------------------------------------------

const records = new Map(); // id -> entry, the own one included
const reports = new Map(); // peer id -> the IP from which that peer sees this node
let ownPort = 0;
let summary = null; // of the records held, until they change or one expires
let knownPrinted = 0;

const expiry = (body) => body.seq + body.ttl * 1000;
const isCurrent = (entry) => expiry(entry.body) > Date.now();
const bucketOf = (id) => parseInt(id.slice(0, 2), 16);

/** Checks everything about a sealed record but whether it is news; throws Refused. */
function openRecord(sealed) {
  const body = bodyOf(sealed);
  checkShape(body, BODY, 'record');
  if (body.network !== NETWORK) throw new Refused('record: of another network');
  if (body.seq > Date.now() + DAY) throw new Refused('record: made more than a day in the future');
  const spki = Buffer.from(body.key, 'base64');
  if (sha256(spki).toString('hex') !== body.id) throw new Refused('record: id is not that of key');
  let key;
  try { key = publicKeyOf(spki); } catch (error) { throw new Refused(`record: ${error.message}`); }
  const data = Buffer.concat([SEAL, Buffer.from(sealed.body)]);
  let good = false;
  try { good = verifies(key, data, Buffer.from(sealed.signature, 'base64')); } catch { /* not good */ }
  if (!good) throw new Refused('record: the signature does not hold');
  return body;
}

function bodyOf(sealed) {
  checkShape(sealed, SEALED, 'record');
  if (Buffer.byteLength(sealed.body) > 8192) throw new Refused('record: body is over 8192 bytes');
  return parseObject(sealed.body);
}

/** Takes a record that a peer passed on; throws Refused. */
function learn(sealed, link) {
  const { id, seq } = bodyOf(sealed);
  const held = records.get(id);
  if (held && Number.isSafeInteger(seq) && seq <= held.body.seq) return; // before any verification
  const body = openRecord(sealed);
  if (expiry(body) > Date.now()) store(sealed, body, link);
}

function store(sealed, body, link) {
  if (body.id === OWN_ID) return; // the key is new at each start: this node holds the latest itself
  let entry = records.get(body.id);
  if (entry && body.seq <= entry.body.seq) return;
  if (!entry) records.set(body.id, (entry = newTarget()));
  if (String(entry.body?.addresses) !== String(body.addresses)) Object.assign(entry, { failures: 0, due: 0 });
  const clean = { body: sealed.body, signature: sealed.signature };
  Object.assign(entry, { sealed: clean, body, hash: sha256(sealed.body).subarray(0, 8),
    overLoopback: isLoopback(link.remoteIp), mismatched: new Set() });
  recordsChanged();
}

function recordsChanged() {
  summary = null;
  if (records.size - 1 !== knownPrinted) emit('peers', { known: (knownPrinted = records.size - 1) });
}

function forgetExpired() {
  for (const [id, entry] of records) {
    if (id === OWN_ID || isCurrent(entry) || links.has(id)) continue;
    records.delete(id);
    reports.delete(id);
    recordsChanged();
  }
}

/** The addresses that peers report (§6): one liar must not add an address. */
function reportedAddresses() {
  const votes = new Map();
  for (const ip of reports.values()) votes.set(ip, (votes.get(ip) ?? 0) + 1);
  const ranked = [...votes].sort((a, b) => b[1] - a[1]);
  return ranked.filter(([, count]) => count >= Math.min(2, ranked[0][1])).slice(0, 8)
    .map(([ip]) => formatAddress(ip, ownPort));
}

function makeOwnRecord(state = 'alive') {
  const previous = records.get(OWN_ID);
  const body = {
    id: OWN_ID, key: OWN_SPKI.toString('base64'),
    seq: Math.max(Date.now(), (previous?.body.seq ?? 0) + 1),
    network: NETWORK, name: options.name, addresses: reportedAddresses(), tags: {}, state, ttl: TTL,
  };
  const text = JSON.stringify(body);
  const signature = crypto.sign(null, Buffer.concat([SEAL, Buffer.from(text)]), privateKey);
  const sealed = { body: text, signature: signature.toString('base64') };
  records.set(OWN_ID, { body, sealed, hash: sha256(text).subarray(0, 8) });
  recordsChanged();
  if (state === 'left') return; // that one travels in `bye`
  for (const link of links.values()) link.send({ type: 'peers', records: [sealed], more: false });
}

function addressReported(peer, observed) {
  if (isNever(unwrap(observed))) return; // nobody could dial it
  reports.set(peer, unwrap(observed));
  const sorted = (list) => [...list].sort().join();
  const held = records.get(OWN_ID).body.addresses;
  if (sorted(held) !== sorted(reportedAddresses())) makeOwnRecord(); // only a change of the set
}

/** { view, buckets } over every record held that has not expired (§7). */
function currentSummary() {
  if (summary && Date.now() < summary.until) return summary;
  const buckets = Buffer.alloc(256 * 8), view = Buffer.alloc(8);
  let until = Infinity;
  for (const [id, entry] of records) {
    if (!isCurrent(entry)) continue;
    until = Math.min(until, expiry(entry.body));
    for (let i = 0; i < 8; i++) {
      view[i] ^= entry.hash[i];
      buckets[bucketOf(id) * 8 + i] ^= entry.hash[i];
    }
  }
  return (summary = { view: view.toString('hex'), buckets, until });
}

// ---- Links (§2, §3, §5) ------------------------------------------------------------------------------

const connections = new Set(); // every Link whose socket is open
const links = new Map(); // peer id -> the one link to it that is up (§4)
const ticketsTried = new Set(); // peers whose session ticket was tried
const viewsPrinted = new Map(); // peer id -> the last "view" line
let stopping = false;

class Link {
  state = 'tls'; // then hello, perhaps waiting (§4), up, closed
  id = null; hello = null; // the remote's
  helloSent = false; saidBye = false;
  buffer = Buffer.alloc(0);
  held = []; // frames that came while waiting
  waiters = new Set(); // younger links that wait for a sign of life on this one
  pings = new Map(); pingsSent = 0; pingsSeen = 0; // seq of an unanswered one -> when sent
  asked = null; // when the get_peers that is not answered yet was sent
  lastAsked = -Infinity; lastWasAsked = null;
  differing = 0; // consecutive frames with a view other than ours

  constructor(socket, dialed, { expected = null, address = null, target = null, settled = () => {} } = {}) {
    Object.assign(this, { socket, dialed, expected, address, target, settled });
    this.remoteIp = unwrap(socket.remoteAddress ?? '0.0.0.0');
    this.lastReceived = this.lastSent = this.lastView = monotonic();
    this.deadline = monotonic() + 10e3; // for TLS, and then again for hello (§8)
    connections.add(this);
    socket.on('data', (chunk) => this.received(chunk));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.socketClosed());
  }

  /** What to call the remote while its id is not known. */
  get peer() { return this.id ?? this.address ?? this.remoteIp; }

  secured() {
    const { socket } = this;
    if (this.state !== 'tls') return;
    this.remoteIp = unwrap(socket.remoteAddress ?? '0.0.0.0');
    if (socket.servername) violation(this.peer, `SNI sent: ${socket.servername}`);
    try { this.id = identify(socket); } catch (error) {
      violation(this.peer, `TLS: ${error.message}`);
      return this.abort();
    }
    socket.setNoDelay(true);
    this.state = 'hello';
    this.deadline = monotonic() + 10e3;
    if (this.id === OWN_ID) {
      if (this.dialed) ownAddresses.add(this.address);
      return this.abort();
    }
    if (!this.dialed) return;
    if (!this.expected) this.target.id = this.id;
    if (this.expected && this.expected !== this.id) {
      emit('mismatch', { address: this.address, expected: this.expected, peer: this.id });
      records.get(this.expected)?.mismatched.add(this.address);
      return this.abort();
    }
    if (rivalOf(this)) return this.abort(); // §3: closes without a word
    this.sendHello();
  }

  // -- Sending

  send(message) {
    if (this.state === 'closed' || this.socket.destroyed) return;
    const data = Buffer.from(JSON.stringify(message));
    const header = Buffer.alloc(4);
    header.writeUInt32BE(data.length);
    this.lastSent = monotonic();
    if (message.view) this.lastView = this.lastSent;
    this.socket.write(Buffer.concat([header, data]));
    if (this.socket.writableLength <= 1 << 20 || message.type === 'bye') return;
    this.close('overload', 'what was sent is not read'); // §8
    this.socket.destroy();
  }

  sendHello() {
    this.helloSent = true;
    this.send({
      type: 'hello', network: NETWORK, instance: INSTANCE, record: records.get(OWN_ID).sealed,
      observed: this.remoteIp.split('%')[0], agent: 'foreign-peer/1', period: PERIOD, heartbeat: HEARTBEAT,
      time: Date.now() / 1000, view: currentSummary().view, features: [],
    });
  }

  sendPing() {
    const seq = ++this.pingsSent;
    this.pings.set(seq, monotonic());
    this.send({ type: 'ping', seq, text: `ping ${seq} from ${options.name}` });
  }

  askPeers() { // §7: once a second a link, 4 at a time in all
    const now = monotonic();
    if (now - this.lastAsked < 1000 || this.asked !== null) return;
    if ([...links.values()].filter((link) => link.asked !== null).length >= 4) return;
    this.asked = this.lastAsked = now;
    this.differing = 0;
    // Who knows nobody but the peer itself has nothing to spare by sending 2 KiB of buckets.
    const { buckets } = currentSummary();
    const some = records.size > 2 ? { buckets: buckets.toString('base64') } : {};
    this.send({ type: 'get_peers', ...some });
  }

  /** Says bye and closes; reads on for up to a second, lest a reset overtake the bye. */
  close(code, reason, record) {
    if (this.state === 'closed') return;
    const loss = this.state === 'up' && code !== 'duplicate' && !stopping;
    this.send({ type: 'bye', code, reason: reason.slice(0, 1024), ...(record && { record }) });
    this.down(loss);
    this.socket.end();
    this.socket.resume();
    setTimeout(() => this.socket.destroy(), 1000);
  }

  abort() {
    this.down(this.state === 'up');
    this.socket.destroy();
  }

  fail(what) {
    violation(this.peer, what);
    this.close('protocol', what);
  }

  /** Leaves the tables; `lost`: the link was up and neither side said a word of it. */
  down(lost) {
    if (this.state === 'closed') return;
    this.state = 'closed';
    if (links.get(this.id) === this) {
      links.delete(this.id);
      for (const target of [this.target, records.get(this.id)]) if (target) postpone(target, 500);
      if (lost) emit('lost', { peer: this.id });
    }
    this.settled(false);
    for (const waiter of this.waiters) admit(waiter);
  }

  socketClosed() {
    this.down(this.state === 'up' && !this.saidBye);
    connections.delete(this);
    if (stopping && connections.size === 0) process.exit(0);
  }

  // -- Receiving

  received(chunk) {
    if (this.state === 'closed') return;
    if (this.state === 'tls') return this.abort();
    noticeStall();
    this.buffer = this.buffer.length ? Buffer.concat([this.buffer, chunk]) : chunk;
    this.readFrames();
  }

  readFrames() {
    while (this.state !== 'closed' && this.buffer.length >= 4) {
      const length = this.buffer.readUInt32BE();
      const most = this.hello ? MAX_FRAME : MAX_FIRST_FRAME;
      if (length < 2 || length > most) return this.fail(`a frame of ${length} bytes`);
      if (this.buffer.length < 4 + length) break;
      const data = this.buffer.subarray(4, 4 + length);
      this.buffer = this.buffer.subarray(4 + length);
      this.frameSince = null;
      try { this.frame(data); } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return this.fail(error.message);
      }
    }
    this.frameSince = this.buffer.length ? this.frameSince ?? monotonic() : null;
  }

  frame(data) {
    let text;
    try { text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data); } catch {
      throw new Refused('not UTF-8');
    }
    const message = parseObject(text);
    const { type } = message;
    if (typeof type !== 'string') throw new Refused('type is missing or no string');
    const known = Object.hasOwn(SHAPES, type);
    if (known) checkShape(message, SHAPES[type], type);
    if (!this.hello && type !== 'hello' && type !== 'bye') throw new Refused(`${type} before hello`);
    const now = monotonic();
    const late = now - this.lastReceived;
    if (this.state === 'up' && late > this.promise * 1500 + 250) { // slack for the way and the scheduler
      violation(this.id, `heartbeat: nothing for ${(late / 1000).toFixed(2)} s, promised ${this.promise}`);
    }
    this.lastReceived = now;
    if (type !== 'bye') {
      for (const waiter of this.waiters) waiter.close('duplicate', 'the other link is alive');
    }
    if (!known) return; // §2: ignored
    if (this.state === 'waiting' && type !== 'bye') return void this.held.push(message);
    this[`on_${type}`](message);
  }

  on_hello(hello) {
    if (this.hello) throw new Refused('hello: a second one');
    this.hello = hello;
    this.promise = hello.heartbeat;
    if (hello.network !== NETWORK) return this.close('network', 'this is another network');
    const body = openRecord(hello.record);
    if (body.id !== this.id) throw new Refused('hello: record is that of another peer');
    if (body.state !== 'alive') violation(this.id, 'hello: record has state left');
    if (isLoopback(this.remoteIp) && !isLoopback(unwrap(hello.observed))) {
      violation(this.id, `hello: observed ${hello.observed} over loopback`);
    }
    const skew = hello.time - Date.now() / 1000;
    if (Math.abs(skew) > 60) emit('skew', { peer: this.id, seconds: Math.round(skew) });
    store(hello.record, body, this); // an expired one too: it is held while there is a link (§6)
    admit(this);
  }

  /** The link is up for this side (§3). */
  up() {
    this.state = 'up';
    links.set(this.id, this);
    if (!this.dialed) this.sendHello();
    this.nextPing = this.lastPinged = this.lastReceived = monotonic(); // waiting was not its fault
    emit('linked', { peer: this.id, direction: this.dialed ? 'dialed' : 'accepted' });
    this.settled(true);
    this.compareView(this.hello.view);
    if (this.differing) this.askPeers();
    addressReported(this.id, this.hello.observed);
    for (const message of this.held.splice(0)) this[`on_${message.type}`](message);
  }

  compareView(peerView) {
    const { view } = currentSummary();
    this.differing = view === peerView ? 0 : this.differing + 1;
    const line = { own: view, peer_view: peerView, equal: view === peerView, peer: this.id };
    const key = JSON.stringify(line);
    if (viewsPrinted.get(this.id) !== key) emit('view', line);
    viewsPrinted.set(this.id, key);
  }

  on_ping({ seq, text }) {
    if (seq !== this.pingsSeen + 1) violation(this.id, `ping: seq ${seq} after ${this.pingsSeen}`);
    this.pingsSeen = seq;
    this.lastPinged = monotonic();
    this.send({ type: 'pong', seq });
    emit('ping', { peer: this.id, seq, text });
  }

  on_pong({ seq }) {
    const sent = this.pings.get(seq);
    if (sent === undefined) return violation(this.id, `pong: seq ${seq} is not outstanding`);
    this.pings.delete(seq);
    emit('pong', { peer: this.id, seq, rtt_ms: Math.round((monotonic() - sent) * 1000) / 1000 });
  }

  on_heartbeat({ view, heartbeat }) {
    this.promise = heartbeat ?? this.promise;
    this.compareView(view);
    if (this.differing >= 2) this.askPeers();
  }

  on_get_peers({ buckets }) {
    const now = monotonic();
    // The one that follows hello is not held against the next: two heartbeats may bring that on.
    if (now - (this.lastWasAsked ?? -Infinity) < 800) {
      violation(this.id, 'get_peers: more than once a second');
    }
    this.lastWasAsked = this.lastWasAsked === null ? -Infinity : now;
    const theirs = buckets && Buffer.from(buckets, 'base64'), ours = currentSummary().buckets;
    const differs = (i) => !theirs || ours.compare(theirs, i, i + 8, i, i + 8) !== 0;
    let batch = [], size = 0;
    for (const [id, entry] of records) {
      if (!isCurrent(entry) || !differs(bucketOf(id) * 8)) continue;
      const more = Buffer.byteLength(JSON.stringify(entry.sealed)) + 1;
      if (size + more > MAX_FRAME - 100) {
        this.send({ type: 'peers', records: batch, more: true });
        [batch, size] = [[], 0];
      }
      batch.push(entry.sealed);
      size += more;
    }
    this.send({ type: 'peers', records: batch, more: false });
  }

  on_peers({ records: list, more }) {
    if (more && this.asked === null) violation(this.id, 'peers: more is true in an unasked one');
    if (!more) this.asked = null;
    for (const sealed of list) { // §6: a bad one is refused alone, the rest is kept
      try { learn(sealed, this); } catch (error) {
        if (!(error instanceof Refused)) throw error;
        violation(this.id, `peers: ${error.message}`);
      }
    }
  }

  on_bye({ code, reason, record }) {
    this.saidBye = true;
    emit('bye', { peer: this.peer, code, reason });
    if (!BYE_CODES.includes(code)) violation(this.peer, `bye: unknown code ${code}`);
    else if (record) {
      try {
        const body = openRecord(record);
        if (body.id !== this.id || body.state !== 'left') throw new Refused('record is not its own, left');
        store(record, body, this);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        violation(this.peer, `bye: ${error.message}`);
      }
    }
    this.down(false);
    this.socket.end();
    setTimeout(() => this.socket.destroy(), 1000);
  }

  tick(now) {
    if (this.state === 'closed') return;
    if (this.frameSince && now - this.frameSince > 20e3) return this.fail('a frame not complete within 20 s');
    if (this.state === 'tls' && now > this.deadline) return this.abort();
    if (this.state === 'hello' && now > this.deadline) return this.close('timeout', 'no hello within 10 s');
    if (this.state !== 'up') return;
    if (now >= this.nextPing) {
      this.nextPing = Math.max(this.nextPing + PERIOD * 1000, now);
      this.sendPing();
    }
    // A little before the promise is due, so that it is kept. Pings and pongs can fill a link so that
    // no heartbeat would ever carry a view (§7); so one goes out each 3 intervals in any case.
    const idle = now - this.lastSent >= HEARTBEAT * 800;
    if (idle || now - this.lastView >= HEARTBEAT * 3000) {
      this.send({ type: 'heartbeat', view: currentSummary().view });
    }
    setImmediate(() => this.watch()); // before a verdict, what lies in the socket is read
  }

  /** What the remote owes: life (§5), pings each period, pongs at once, an answer to get_peers. */
  watch() {
    if (this.state !== 'up') return;
    const now = monotonic();
    if (now - this.lastReceived > this.promise * 3000) {
      return this.close('timeout', 'nothing received for 3 heartbeats');
    }
    if (now - this.lastPinged > this.hello.period * 2000 + 1000) {
      violation(this.id, `ping: none for 2 periods of ${this.hello.period} s`);
      this.lastPinged = now;
    }
    for (const [seq, sent] of this.pings) {
      if (now - sent < 10e3) break;
      violation(this.id, `pong: ping ${seq} not answered within 10 s`);
      this.pings.delete(seq);
    }
    if (this.asked !== null && now - this.asked > 10e3) {
      violation(this.id, 'get_peers: not answered within 10 s');
      this.asked = null;
    }
  }
}

// ---- One link per pair (§4) --------------------------------------------------------------------------

/** What `link` would duplicate: the link that is up, or else a dial that has sent its hello. */
function rivalOf(link) {
  const up = links.get(link.id);
  if (up) return up === link ? undefined : up;
  return [...connections].find((other) => other !== link && other.id === link.id && other.dialed &&
    other.helloSent && (other.state === 'hello' || other.state === 'waiting'));
}

/** Decides about a link whose hello has come: it goes up, replaces its rival, or waits for it. */
function admit(link) {
  if (link.state === 'closed' || stopping) return;
  const rival = rivalOf(link);
  if (!rival) return link.up();
  const restarted = rival.hello && rival.hello.instance !== link.hello.instance;
  const dialedBySmaller = link.dialed === (OWN_ID < link.id);
  if (restarted || rival.dialed === link.dialed || dialedBySmaller) return replace(rival, link);
  link.state = 'waiting';
  rival.waiters.add(link);
  if (rival.state === 'up') rival.sendPing(); // a dial without hello is no open link: only await it
  setTimeout(() => {
    if (link.state === 'waiting' && rival.waiters.has(link)) replace(rival, link);
  }, 1000);
}

function replace(rival, link) {
  rival.waiters.delete(link);
  if (links.get(link.id) === rival) links.delete(link.id); // no loss: the peer stays alive
  link.up();
  rival.close('duplicate', 'another link replaces this one');
}

// ---- Dialing (§3, §8) --------------------------------------------------------------------------------

// What is dialed: the addresses given with --connect, and the entries of `records`.
const newTarget = () => ({ failures: 0, due: 0, next: 0, busy: false });
const seeds = options.connect.map((address) => ({ address, id: null, ...newTarget() }));
const ownAddresses = new Set(); // that led to this very node: never dialed again

function postpone(target, most) { // full jitter
  target.due = Math.max(target.due, monotonic() + Math.random() * most);
}

/** Dials until the link is up or has failed; `expected` is the exact id, for a record of others. */
async function dial(target, address, expected) {
  target.busy = true;
  let linked = false;
  try {
    const { host, port } = parseAddress(address);
    const ips = (await lookup(host, { all: true })).map((found) => found.address);
    // What the user gave is dialed as it is; what was heard from others is judged first.
    const ip = ips.find((candidate) => !expected || mayDial(candidate, port, target.overLoopback));
    if (ip && !stopping) {
      linked = await new Promise((settled) => {
        const socket = tls.connect({ ...TLS, host: ip, port }); // no servername: no SNI
        const link = new Link(socket, true, { expected, address, target, settled });
        socket.once('secureConnect', () => link.secured());
        socket.once('session', (session) => tryTicket(link, session, { host: ip, port }));
      });
    }
  } catch { /* a name that does not resolve is a failed dial */ }
  target.busy = false;
  postpone(target, Math.min(60e3, 500 * 1.5 ** target.failures));
  target.failures = linked ? 0 : target.failures + 1;
}

function dialWhatIsDue(now) {
  const ready = (target, id) => !target.busy && target.due <= now && !links.has(id);
  for (const seed of seeds) {
    if (ready(seed, seed.id) && !ownAddresses.has(seed.address)) dial(seed, seed.address, null);
  }
  for (const [id, entry] of records) {
    if (id === OWN_ID || entry.body.state !== 'alive' || !ready(entry, id) || !isCurrent(entry)) continue;
    const usable = entry.body.addresses.filter((a) => !ownAddresses.has(a) && !entry.mismatched.has(a));
    const address = usable[entry.next++ % usable.length];
    if (address && !rivalOf({ id })) dial(entry, address, id);
  }
}

/** §1: no session tickets. Once a peer, see whether one that it sent can be resumed. */
function tryTicket(link, session, where) {
  if (!link.id || ticketsTried.has(link.id) || stopping) return;
  ticketsTried.add(link.id);
  const socket = tls.connect({ ...TLS, ...where, session });
  socket.on('error', () => {});
  socket.once('secureConnect', () => {
    if (socket.isSessionReused()) violation(link.id, 'TLS: its session ticket can be resumed');
    socket.destroy();
  });
  setTimeout(() => socket.destroy(), 5000).unref();
}

// ---- Listening ---------------------------------------------------------------------------------------

const server = tls.createServer({ ...TLS, handshakeTimeout: 10e3 });
server.on('secureConnection', (socket) => new Link(socket, false).secured());
server.on('tlsClientError', (_error, socket) => socket.destroy());
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

// ---- Time, start and stop ----------------------------------------------------------------------------

let lastRun = monotonic();

/** §5: time in which this process did not run is not held against peers. */
function noticeStall() {
  const now = monotonic();
  const stalled = now - lastRun - TICK;
  if (stalled > 4 * TICK) {
    for (const link of connections) {
      link.lastReceived += stalled;
      link.deadline += stalled;
      if (link.frameSince) link.frameSince += stalled;
      if (link.lastPinged) link.lastPinged += stalled;
    }
  }
  lastRun = now;
  return now;
}

function tick() {
  const now = noticeStall();
  for (const link of [...connections]) link.tick(now);
  forgetExpired();
  if (Date.now() > records.get(OWN_ID).body.seq + (TTL * 1000) / 3) makeOwnRecord();
  dialWhatIsDue(now);
}

function stop() {
  if (stopping) return;
  stopping = true;
  clearInterval(ticking);
  server.close();
  makeOwnRecord('left');
  for (const link of [...connections]) {
    if (link.state === 'up') link.close('leaving', 'stopped', records.get(OWN_ID).sealed);
    else if (link.state !== 'closed') link.abort();
  }
  setTimeout(() => process.exit(0), connections.size ? 1500 : 0);
}

let ticking;
const bad = [!string(1, 64)(NETWORK) && 'network', !string(0, 64)(options.name) && 'name',
  !number(0.05, 86400)(PERIOD) && 'period', !number(0.05, 60)(HEARTBEAT) && 'heartbeat',
  !(options.seconds > 0) && 'seconds', !options.connect.every(parseAddress) && 'connect'].filter(Boolean);
if (bad.length) {
  process.stderr.write(`wrong: --${bad.join(', --')}\n`);
  process.exit(2);
}
server.listen({ port: Number(options.port), host: options.host }, () => {
  ownPort = server.address().port;
  makeOwnRecord();
  emit('listening', { id: OWN_ID, port: ownPort });
  ticking = setInterval(tick, TICK);
  setTimeout(stop, Number(options.seconds) * 1000);
});
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdout.on('error', () => process.exit(0)); // nobody listens any more
