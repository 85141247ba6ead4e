// graphile-worker on PostgreSQL: jobs added in bulk by SQL, one runner with the wanted concurrency.
import { Logger, run } from 'graphile-worker';
import { concurrency, open, serve } from './work.js';

const work = open(20);
let left = 0;
let finished = () => {};
const runner = await run({
  connectionString: process.env.DATABASE_URL,
  concurrency,
  maxPoolSize: 20,
  noHandleSignals: true,
  logger: new Logger(() => (level, message) => level === 'error' && console.error(message)),
  // What its documentation advises for high throughput: jobs are fetched ahead and completed in batches.
  preset: { worker: { localQueue: { size: concurrency * 5 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  taskList: { refresh: (payload) => work.run(payload.handle) },
});
runner.events.on('job:complete', ({ error }) => {
  if (error) {
    console.error(String(error));
    process.exit(1);
  }
  if (--left === 0) {
    finished();
  }
});

await serve(async (handles) => {
  left = handles.length;
  const end = new Promise((resolve) => { finished = resolve; });
  for (let from = 0; from < handles.length; from += 1000) {
    await work.database.query(
      "SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(SELECT json_populate_record(NULL::graphile_worker.job_spec, json_build_object('identifier', 'refresh', 'payload', json_build_object('handle', h))) FROM unnest($1::text[]) AS h))",
      [handles.slice(from, from + 1000)],
    );
  }
  await end;
});
await runner.stop();
await work.close();
