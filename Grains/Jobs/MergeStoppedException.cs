namespace OrleansBulk.Jobs;

/// <summary>
/// A merge cannot go on, and the reason is nobody's fault here: what it reads is gone or broken, say. The job fails with this sentence, its other items stay pending, and it can be
/// resumed when the reason is gone.
/// </summary>
public sealed class MergeStoppedException(string reason) : Exception(reason);
