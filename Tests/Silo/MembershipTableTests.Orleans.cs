using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Silo;

/// <summary>Our statements of membership, asked through Orleans' provider: what its protocol needs of a table.</summary>
[Trait("Category", "Grains")]
public sealed class MembershipTableTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    private static readonly DateTime Start = new(2026, 5, 6, 7, 8, 9, DateTimeKind.Utc);
    private static int _ports = 10_000;
    private readonly string _cluster = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task ANewCluster_HasAVersionAndNoMembers_HoweverManySilosMakeIt()
    {
        var tables = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TableAsync()));

        var all = await tables[0].ReadAllAsync();

        Assert.Empty(all.Members);
        Assert.Equal("0", all.Version.VersionEtag);
    }

    [Fact]
    public async Task AMember_IsReadAsItWasWritten()
    {
        var table = await TableAsync();
        var entry = Entry();

        Assert.True(await table.InsertRowAsync(entry, await NextAsync(table)));

        var row = await table.ReadRowAsync(entry.SiloAddress);
        Assert.Equal("1", row.Version.VersionEtag);
        var read = Assert.Single(row.Members).Item1;
        Assert.Equal(
            (entry.SiloAddress, entry.SiloName, entry.HostName, entry.Status, entry.ProxyPort, entry.StartTime, entry.IAmAliveTime),
            (read.SiloAddress, read.SiloName, read.HostName, read.Status, read.ProxyPort, read.StartTime, read.IAmAliveTime));
        Assert.Empty((await table.ReadRowAsync(Entry().SiloAddress)).Members);
    }

    [Fact]
    public async Task AMemberThatIsThere_IsNotInsertedAgain_AndTheVersionStays()
    {
        var table = await TableAsync();
        var entry = Entry();
        await table.InsertRowAsync(entry, await NextAsync(table));

        Assert.False(await table.InsertRowAsync(entry, await NextAsync(table)));

        Assert.Equal("1", (await table.ReadAllAsync()).Version.VersionEtag);
    }

    [Fact]
    public async Task OfChangesOnOneVersion_ExactlyOneIsMade()
    {
        var table = await TableAsync();
        var version = await NextAsync(table);

        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => table.InsertRowAsync(Entry(), version)));

        Assert.Single(made, true);
        var all = await table.ReadAllAsync();
        Assert.Single(all.Members);
        Assert.Equal("1", all.Version.VersionEtag);
    }

    [Fact]
    public async Task AnUpdate_NeedsTheVersionThatIsThere_AndAMember()
    {
        var table = await TableAsync();
        var entry = Entry();
        var first = await NextAsync(table);
        await table.InsertRowAsync(entry, first);
        entry.Status = SiloStatus.Dead;
        var suspect = Entry().SiloAddress;
        entry.AddSuspector(suspect, Start);

        var etag = Assert.Single((await table.ReadAllAsync()).Members).Item2;
        Assert.False(await table.UpdateRowAsync(entry, etag, first));
        Assert.False(await table.UpdateRowAsync(Entry(), etag, await NextAsync(table)));
        Assert.Equal(SiloStatus.Active, Assert.Single((await table.ReadAllAsync()).Members).Item1.Status);
        Assert.True(await table.UpdateRowAsync(entry, etag, await NextAsync(table)));

        var all = await table.ReadAllAsync();
        Assert.Equal("2", all.Version.VersionEtag);
        var read = Assert.Single(all.Members).Item1;
        Assert.Equal(SiloStatus.Dead, read.Status);
        var vote = Assert.Single(read.SuspectTimes!);
        Assert.Equal((suspect, Start), (vote.Item1, vote.Item2));
    }

    [Fact]
    public async Task ASignOfLife_LeavesTheVersionAlone()
    {
        var table = await TableAsync();
        var entry = Entry();
        await table.InsertRowAsync(entry, await NextAsync(table));
        entry.IAmAliveTime = Start.AddHours(1);

        await table.UpdateIAmAliveAsync(entry);

        var all = await table.ReadAllAsync();
        Assert.Equal("1", all.Version.VersionEtag);
        Assert.Equal(Start.AddHours(1), Assert.Single(all.Members).Item1.IAmAliveTime);
    }

    [Fact]
    public async Task CleaningUp_TakesTheDeadThatAreOld_AndOnlyThem()
    {
        var table = await TableAsync();
        var (oldAlive, oldDead, youngDead) = (Entry(), Entry(SiloStatus.Dead), Entry(SiloStatus.Dead, Start.AddHours(2)));
        foreach (var entry in new[] { oldAlive, oldDead, youngDead })
        {
            Assert.True(await table.InsertRowAsync(entry, await NextAsync(table)));
        }

        await table.CleanupDefunctSiloEntriesAsync(Start.AddHours(1));

        Assert.Equal(
            new[] { oldAlive.SiloAddress, youngDead.SiloAddress }.Order(),
            (await table.ReadAllAsync()).Members.Select(member => member.Item1.SiloAddress).Order());
    }

    [Fact]
    public async Task Gateways_AreTheActiveSilosThatHaveOne()
    {
        var table = await TableAsync();
        var (active, dead, closed) = (Entry(), Entry(SiloStatus.Dead), Entry());
        closed.ProxyPort = 0;
        foreach (var entry in new[] { active, dead, closed })
        {
            await table.InsertRowAsync(entry, await NextAsync(table));
        }

        var provider = new Orleans.Runtime.Membership.AdoNetGatewayListProvider(
            NullLogger<Orleans.Runtime.Membership.AdoNetGatewayListProvider>.Instance, Nothing,
            Options.Create(new AdoNetClusteringClientOptions { Invariant = "Npgsql", ConnectionString = database.ConnectionString }), Options.Create(new GatewayOptions()), Options.Create(Cluster));
        await provider.InitializeGatewayListProvider();

        var gateway = Assert.Single(await provider.GetGateways());
        Assert.Equal((active.SiloAddress.Endpoint.Address.ToString(), active.ProxyPort), (gateway.Host, gateway.Port));
    }

    [Fact]
    public async Task DeletingACluster_LeavesOthers()
    {
        var table = await TableAsync();
        await table.InsertRowAsync(Entry(), await NextAsync(table));
        var other = await TableAsync("other");

        await table.DeleteMembershipTableEntriesAsync(_cluster);

        Assert.Equal(0L, await database.QueryAsync<long>("SELECT count(*) FROM cluster_members WHERE cluster_id = $1", _cluster));
        Assert.Equal("0", (await other.ReadAllAsync()).Version.VersionEtag);
    }

    private static IServiceProvider Nothing { get; } = new ServiceCollection().BuildServiceProvider();

    private ClusterOptions Cluster => new() { ClusterId = _cluster, ServiceId = "tests" };

    private async Task<IMembershipTable> TableAsync(string? cluster = null)
    {
        var table = new AdoNetClusteringTable(
            Nothing, Options.Create(new ClusterOptions { ClusterId = cluster ?? _cluster, ServiceId = "tests" }),
            Options.Create(new AdoNetClusteringSiloOptions { Invariant = "Npgsql", ConnectionString = database.ConnectionString }), NullLogger<AdoNetClusteringTable>.Instance);
        await table.InitializeMembershipTableAsync(true);
        return table;
    }

    private static async Task<TableVersion> NextAsync(IMembershipTable table) => (await table.ReadAllAsync()).Version.Next();

    private static MembershipEntry Entry(SiloStatus status = SiloStatus.Active, DateTime? aliveAt = null)
    {
        var port = Interlocked.Increment(ref _ports);
        return new MembershipEntry
        {
            SiloAddress = SiloAddress.New(IPAddress.Loopback, port, 7),
            SiloName = $"silo-{port}",
            HostName = "host",
            Status = status,
            ProxyPort = port + 10_000,
            StartTime = Start,
            IAmAliveTime = aliveAt ?? Start,
        };
    }
}
