// What both peers do for one item: the call, and one upsert, as their users write it.
import pg from 'pg';
import { Pool } from 'undici';

export const concurrency = Number(process.env.CONCURRENCY);

export function settings() {
  const url = new URL(process.env.DATABASE_URL);
  return { host: url.hostname, port: Number(url.port), user: decodeURIComponent(url.username), password: decodeURIComponent(url.password), database: url.pathname.slice(1) };
}

/** @param connections how many connections the upserts may use */
export function open(connections) {
  const database = new pg.Pool({ ...settings(), max: connections });
  const target = new URL(process.env.SIMULATOR_URL);
  const upstream = new Pool(target.origin, { connections: concurrency, pipelining: 1 });
  return {
    database,
    async run(handle) {
      const { statusCode, headers, body } = await upstream.request({ method: 'GET', path: `${target.pathname}users/${handle}`, headers: { 'user-agent': 'benchmark' } });
      const text = await body.text();
      if (statusCode !== 200) {
        throw new Error(`${statusCode} for ${handle}: ${text.slice(0, 200)}`);
      }
      const user = JSON.parse(text);
      const details = { name: user.name, company: user.company, location: user.location, bio: user.bio, followers: user.followers, following: user.following, repositories: user.public_repos };
      await database.query({
        name: 'upsert',
        text: `INSERT INTO peer_profiles (handle, rank, avatar, last_active_at, details, etag, fetched_at) VALUES ($1, $2, $3, $4, $5, $6, now())
               ON CONFLICT (handle) DO UPDATE SET rank = excluded.rank, avatar = excluded.avatar, last_active_at = excluded.last_active_at,
                 details = excluded.details, etag = excluded.etag, fetched_at = excluded.fetched_at`,
        values: [handle, user.type, user.avatar_url, user.updated_at, JSON.stringify(details), headers.etag ?? null],
      });
    },
    async close() {
      await upstream.close();
      await database.end();
    },
  };
}

/** Reads lines `prefix count` from stdin, does each, answers with the seconds it took; ends with the input. */
export async function serve(refresh) {
  const lines = (await import('node:readline')).createInterface({ input: process.stdin });
  console.log('ready');
  for await (const line of lines) {
    const [prefix, count] = line.split(' ');
    const handles = Array.from({ length: Number(count) }, (_, i) => `${prefix}${i}`);
    const started = performance.now();
    await refresh(handles);
    console.log(`done ${((performance.now() - started) / 1000).toFixed(4)}`);
  }
}
