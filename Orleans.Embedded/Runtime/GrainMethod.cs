using System.Linq.Expressions;
using System.Reflection;
using Orleans.Concurrency;

namespace Orleans.Runtime;

/// <summary>What the runtime knows of one interface method: how to call it through a reference and how to invoke it on an instance.</summary>
internal abstract class GrainMethod
{
    private readonly int _token;

    protected GrainMethod(MethodInfo method)
    {
        Name = $"{method.DeclaringType!.Name}.{method.Name}";
        Traits = CallTraits.KeepsAlive
            | (method.IsDefined(typeof(AlwaysInterleaveAttribute)) ? CallTraits.Interleaves : 0)
            | (method.IsDefined(typeof(ReadOnlyAttribute)) ? CallTraits.ReadOnly : 0);
        _token = Array.FindIndex(method.GetParameters(), p => p.ParameterType == typeof(CancellationToken));
    }

    public string Name { get; }

    public CallTraits Traits { get; }

    public static GrainMethod Of(MethodInfo method)
    {
        var type = method.ReturnType;
        var result = type.IsGenericType ? type.GetGenericArguments()[0] : typeof(ValueTuple);
        var kind = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>) ? typeof(GrainStreamMethod<>) : typeof(GrainMethod<>);
        return (GrainMethod)Activator.CreateInstance(kind.MakeGenericType(result), method)!;
    }

    /// <summary>Starts a call; the answer is what the interface method returns.</summary>
    public abstract object Call(GrainReference target, object?[] arguments);

    public CancellationToken TokenOf(object?[] arguments) => _token < 0 ? default : (CancellationToken)arguments[_token]!;

    public void ReplaceToken(object?[] arguments, CancellationToken token)
    {
        if (_token >= 0) arguments[_token] = token;
    }

    /// <summary>Compiles <c>(instance, arguments) => instance.Method(arguments)</c>, with a ValueTask turned into a Task.</summary>
    protected static Lazy<Func<object, object?[], TReturn>> Compile<TReturn>(MethodInfo method) => new(() =>
    {
        var instance = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object?[]));
        var values = method.GetParameters().Select((p, i) => Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType));
        Expression call = Expression.Call(Expression.Convert(instance, method.DeclaringType!), method, values);
        if (method.ReturnType.IsValueType) call = Expression.Call(call, nameof(ValueTask.AsTask), null);
        return Expression.Lambda<Func<object, object?[], TReturn>>(call, instance, arguments).Compile();
    });
}

/// <summary>A method that returns a Task or ValueTask; without a result, <typeparamref name="TResult"/> is the empty tuple.</summary>
internal sealed class GrainMethod<TResult>(MethodInfo method) : GrainMethod(method)
{
    private readonly Lazy<Func<object, object?[], Task>> _invoke = Compile<Task>(method);
    private readonly bool _returnsValueTask = method.ReturnType.IsValueType;
    private readonly bool _hasResult = method.ReturnType.IsGenericType;

    public override object Call(GrainReference target, object?[] arguments)
    {
        if (TokenOf(arguments) is { IsCancellationRequested: true } token) return Wrap(Task.FromCanceled<TResult>(token));
        var call = new MethodCall<TResult>(target, this, arguments);
        target.Silo.Send(call);
        return Wrap(call.Answer);
    }

    public Task Invoke(object instance, object?[] arguments) => _invoke.Value(instance, arguments);

    public static TResult ResultOf(Task completed) => completed is Task<TResult> task ? task.GetAwaiter().GetResult() : default!;

    private object Wrap(Task<TResult> answer) => !_returnsValueTask ? answer : _hasResult ? new ValueTask<TResult>(answer) : new ValueTask(answer);
}

/// <summary>A method that returns a sequence; nothing is called before somebody enumerates it.</summary>
internal sealed class GrainStreamMethod<T>(MethodInfo method) : GrainMethod(method)
{
    private readonly Lazy<Func<object, object?[], IAsyncEnumerable<T>>> _invoke = Compile<IAsyncEnumerable<T>>(method);

    public override object Call(GrainReference target, object?[] arguments) => new GrainStream<T>(target, this, arguments);

    public IAsyncEnumerable<T> Invoke(object instance, object?[] arguments) => _invoke.Value(instance, arguments);
}
