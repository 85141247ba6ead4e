using System.Collections.Immutable;
using System.Text.Json;

namespace OrleansBulk.Tests.Embedded;

/// <summary>What may not pass between grains is refused when the silo starts, in words that say where and what instead.</summary>
public sealed class ContractCheckTests
{
    private static string FaultsOf(params Type[] interfaces) =>
        Assert.Throws<OrleansConfigurationException>(() => ContractCheck.Verify(interfaces, [], [])).Message;

    [Fact]
    public void SoundContract_Passes() =>
        ContractCheck.Verify([typeof(ITurnsGrain), typeof(IMessagesGrain), typeof(IStreamGrain)], [typeof(LifeGrain)], [typeof(ConformanceException)]);

    [Theory]
    [InlineData("IUnsound.list, parameter 'values': found List<Int32>; wanted")]
    [InlineData("IUnsound.array, parameter 'values': found Int32[]; wanted")]
    [InlineData("IUnsound.json, parameter 'value': found JsonElement; wanted")]
    [InlineData("IUnsound.list_interface, parameter 'values': found IReadOnlyList<Int32>; wanted")]
    [InlineData("IUnsound.anything, result: found Object; wanted")]
    [InlineData("IUnsound.nested, parameter 'values': found List<String>; wanted")]
    [InlineData("IUnsound.sync, result: found Int32; wanted Task")]
    [InlineData("IUnsound.tokens: found several CancellationTokens; wanted one at most")]
    [InlineData("IUnsound.unnamed: found no [Alias]; wanted one")]
    [InlineData("IUnsound.twin: found [Alias(\"array\")], which array has too; wanted one of its own")]
    [InlineData("IUnsound.get_Property: found a property, event or generic method; wanted a plain method")]
    public void UnsoundMethod_IsNamed(string fault) => Assert.Contains(fault, FaultsOf(typeof(IUnsound)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Unsound.Settable: found a member that can be set; wanted")]
    [InlineData("Unsound.Unnumbered: found no [Id]; wanted one")]
    [InlineData("Unsound.Twin: found [Id(0)], which Settable has too; wanted one of its own")]
    [InlineData("Unsound.Things: found List<Int32>; wanted")]
    [InlineData("Unsound._field: found a member that can be set")]
    [InlineData("Open: found an open class; wanted a sealed one")]
    [InlineData("Open: found no [Immutable]; wanted one")]
    [InlineData("Open: found no [Alias]; wanted one")]
    [InlineData("Bare: found an abstract type without derived ones")]
    [InlineData("Leaf: found no [Immutable]")]
    public void UnsoundMessage_IsNamed(string fault) => Assert.Contains(fault, FaultsOf(typeof(ISendsUnsound)), StringComparison.Ordinal);

    [Fact]
    public void InterfaceAliases_AreUnique() =>
        Assert.Contains("[Alias(\"same\")], which ISame has too", FaultsOf(typeof(ISame), typeof(ISameAgain)), StringComparison.Ordinal);

    [Fact]
    public void UnattributedState_IsNamed()
    {
        var faults = Assert.Throws<OrleansConfigurationException>(() => ContractCheck.Verify([], [typeof(UnsoundState)], [])).Message;

        Assert.Contains("UnsoundState, parameter 'bare': found state Plain without [GenerateSerializer]", faults, StringComparison.Ordinal);
        Assert.Contains("UnsoundState, parameter 'text': found String; wanted IPersistentState<T>", faults, StringComparison.Ordinal);
    }

    [Fact]
    public void InterfaceOfTwoClasses_IsNamed() => Assert.Contains(
        "ISame is implemented by First and Second; wanted one grain class per interface",
        Assert.Throws<OrleansConfigurationException>(() => GrainTypes.InterfacesOf([typeof(First), typeof(Second)])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void MemberOfAnException_WithoutId_IsNamed() => Assert.Contains(
        "PretendsToBeAnException.Code: found no [Id]",
        Assert.Throws<OrleansConfigurationException>(() => ContractCheck.Verify([], [], [typeof(PretendsToBeAnException)])).Message,
        StringComparison.Ordinal);

#pragma warning disable CS0649, CS0169, CA1852, IDE0044, IDE0051, CA1823, CA1002, IDE1006
    [Alias("unsound")]
    internal interface IUnsound : IGrainWithStringKey
    {
        string Property { get; }

        [Alias("list")] Task list(List<int> values);

        [Alias("array")] Task array(int[] values);

        [Alias("json")] Task json(JsonElement value);

        [Alias("list-interface")] Task list_interface(IReadOnlyList<int> values);

        [Alias("anything")] Task<object> anything();

        [Alias("nested")] Task nested(ImmutableArray<ImmutableDictionary<Guid, List<string>>> values);

        [Alias("sync")] int sync();

        [Alias("tokens")] Task tokens(CancellationToken one, CancellationToken two);

        Task unnamed();

        [Alias("array")] Task twin();
    }

    [Alias("sends-unsound")]
    internal interface ISendsUnsound : IGrainWithStringKey
    {
        [Alias("send")] Task SendAsync(Unsound unsound, Open open, Bare bare, Root root);
    }

    [GenerateSerializer, Alias("unsound-message"), Immutable]
    internal sealed class Unsound
    {
        [Id(4)] private int _field;

        [Id(0)] public int Settable { get; set; }

        public int Unnumbered { get; init; }

        [Id(0)] public int Twin { get; init; }

        [Id(2)] public List<int> Things { get; init; } = [];
    }

    [GenerateSerializer]
    internal class Open;

    [GenerateSerializer, Alias("bare"), Immutable]
    internal abstract record Bare;

    [GenerateSerializer, Alias("root"), Immutable]
    internal abstract record Root;

    [GenerateSerializer, Alias("leaf")]
    internal sealed record Leaf([property: Id(0)] int Value) : Root;

    [Alias("same")]
    internal interface ISame : IGrainWithStringKey;

    [Alias("same")]
    internal interface ISameAgain : IGrainWithStringKey;

    // Abstract, lest a silo of the tests take them for its own.
    internal abstract class First : Grain, ISame;

    internal abstract class Second : Grain, ISame;

    internal sealed class Plain;

    internal sealed class UnsoundState([PersistentState("bare")] IPersistentState<Plain> bare, [PersistentState("text")] string text) : Grain
    {
        public override string ToString() => $"{bare} {text}";
    }

    [GenerateSerializer]
    internal sealed class PretendsToBeAnException
    {
        public int Code { get; }
    }
#pragma warning restore CS0649, CS0169, CA1852, IDE0044, IDE0051, CA1823, CA1002, IDE1006
}
