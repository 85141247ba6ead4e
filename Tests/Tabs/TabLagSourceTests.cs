using OrleansBulk.Tabs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Tabs;

/// <summary>How much waits, for who looks.</summary>
public sealed class TabLagSourceTests
{
    private static readonly TimeSpan Old = TimeSpan.FromSeconds(6);

    private readonly ManualTime _time = new();
    private readonly TabDefinition _tab = TabCatalog.Load(null).Find("chat-logs")!;

    [Fact]
    public async Task WhatIsKnownOfAPlace_IsToldAtOnce_WhileTheSourceIsAskedAgain()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync("SELECT learning.make_demo(7)");
        await using var lags = new TabLagSource(postgres.ConnectionString, _time);
        var first = await lags.ReadAsync(_tab, null, CancellationToken.None);
        await postgres.ExecuteAsync("DELETE FROM learning.chat_logs WHERE id > 3");
        _time.Advance(Old);

        TabLagView again;
        await using (var connection = await postgres.Database.Bulk.OpenConnectionAsync(CancellationToken.None))
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "LOCK learning.chat_logs IN ACCESS EXCLUSIVE MODE";
            await command.ExecuteNonQueryAsync(); // the source cannot answer
            var asked = lags.ReadAsync(_tab, null, CancellationToken.None);
            Assert.True(asked.IsCompleted);
            again = await asked;
        }

        Assert.Equal((7, null), (first.Lag?.Rows, first.Problem));
        Assert.Equal(first, again);
        Assert.Equal(3, (await UntilAsync(lags, null, view => view.Lag!.Rows != 7)).Lag!.Rows);
    }

    [Fact]
    public async Task OfAnotherPlace_NothingIsKnown_SoItIsWaitedFor()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync("SELECT learning.make_demo(7)");
        await using var lags = new TabLagSource(postgres.ConnectionString, _time);
        await lags.ReadAsync(_tab, null, CancellationToken.None);

        var after = await lags.ReadAsync(_tab, new TabPlace(DateTimeOffset.UtcNow.AddDays(1), "0"), CancellationToken.None);

        Assert.Equal((0, null), (after.Lag?.Rows, after.Problem));
    }

    [Fact]
    public async Task SourceThatIsGone_IsSaid_WithWhatWasKnownBefore()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync("SELECT learning.make_demo(7)");
        await using var lags = new TabLagSource(postgres.ConnectionString, _time);
        var known = await lags.ReadAsync(_tab, null, CancellationToken.None);
        await postgres.ExecuteAsync("ALTER TABLE learning.chat_logs RENAME TO chat_logs_elsewhere");
        _time.Advance(Old);

        var view = await UntilAsync(lags, null, view => view.Problem?.Contains("refused", StringComparison.Ordinal) == true);

        Assert.Equal((true, 7, known.At), (view.IsWrong, view.Lag?.Rows, view.At));
    }

    /// <summary>Looks until the source has answered; nobody is told when.</summary>
    private async Task<TabLagView> UntilAsync(TabLagSource lags, TabPlace? after, Func<TabLagView, bool> isThere)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var view = await lags.ReadAsync(_tab, after, patience.Token);
            if (isThere(view))
            {
                return view;
            }

            await Task.Delay(20, patience.Token);
            _time.Advance(Old); // the question before may have run into the source's time limit
        }
    }
}
