// BullMQ on Redis: jobs added in bulk, one worker with the wanted concurrency.
import { Queue, Worker } from 'bullmq';
import { concurrency, open, serve } from './work.js';

const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
const work = open(20);
const queue = new Queue('profiles', { connection });
let left = 0;
let finished = () => {};
let failed = null;
const worker = new Worker('profiles', (job) => work.run(job.data.handle), { connection, concurrency });
worker.on('completed', () => --left === 0 && finished());
worker.on('failed', (_, error) => { failed = error; finished(); });
worker.on('error', (error) => console.error(error.message));
await worker.waitUntilReady();

await serve(async (handles) => {
  left = handles.length;
  const end = new Promise((resolve) => { finished = resolve; });
  for (let from = 0; from < handles.length; from += 1000) {
    await queue.addBulk(handles.slice(from, from + 1000).map((handle) => ({ name: 'refresh', data: { handle } })));
  }
  await end;
  if (failed) {
    throw failed;
  }
});
await worker.close();
await queue.close();
await work.close();
