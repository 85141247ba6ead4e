namespace Orleans.Runtime;

/// <summary>
/// Runs the work of one activation, one piece at a time, on the thread pool. Everything that a call awaits comes back here, because an
/// await captures the current scheduler; only ConfigureAwait(false) and Task.Run leave it.
/// </summary>
internal sealed class TurnScheduler(Activation activation) : TaskScheduler, IThreadPoolWorkItem
{
    /// <summary>Pieces run before the thread is given to other activations.</summary>
    private const int PiecesPerSlice = 64;

    [ThreadStatic]
    private static TurnScheduler? t_executing;

    // Written by any thread, read by the one that executes; also the lock for _scheduled. Holds a Task, GrainCall or Action.
    private readonly Queue<object> _work = new();
    private bool _scheduled;

    public Activation Activation => activation;

    public override int MaximumConcurrencyLevel => 1;

    public void Post(GrainCall call) => Enqueue(call);

    public void Post(Action action) => Enqueue(action);

    protected override void QueueTask(Task task) => Enqueue(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && ReferenceEquals(t_executing, this) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_work) return [.. _work.OfType<Task>()];
    }

    void IThreadPoolWorkItem.Execute()
    {
        t_executing = this;
        try
        {
            for (var i = 0; i < PiecesPerSlice; i++)
            {
                object? work;
                lock (_work)
                {
                    if (!_work.TryDequeue(out work))
                    {
                        _scheduled = false;
                        return;
                    }
                }
                Execute(work);
            }
        }
        finally
        {
            t_executing = null;
        }
        Schedule();
    }

    /// <summary>
    /// Calls and actions become tasks only here, on a bare pool thread: a task made by the sender would carry the sender's AsyncLocals
    /// into the grain, which no call does under the other runtime.
    /// </summary>
    private void Execute(object work)
    {
        if (work is Task task) TryExecuteTask(task);
        else if (work is GrainCall call) new Task(static c => _ = ((GrainCall)c!).RunAsync(), call).RunSynchronously(this);
        else new Task((Action)work).RunSynchronously(this);
    }

    private void Enqueue(object work)
    {
        lock (_work)
        {
            _work.Enqueue(work);
            if (_scheduled) return;
            _scheduled = true;
        }
        Schedule();
    }

    /// <summary>
    /// By the global queue. Threads empty their local queues first, and grains that call each other never let them run empty: by local
    /// queues no-op calls are a fifth faster, and everything else in the process, web requests included, waits.
    /// </summary>
    private void Schedule() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
}
