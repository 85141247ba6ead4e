using System.Collections.Concurrent;
using OrleansBulk.Tabs;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>Sheets in memory, which others may edit. A test says when a write fails, and whether it was done all the same.</summary>
internal sealed class GridDestination : ITabDestination
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SortedDictionary<int, string[]>> _sheets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _writing = new();

    public string Name { get; set; } = "grid";

    public string Place { get; set; } = "grid";

    /// <summary>Somebody deleted a sheet, and the next write made it anew.</summary>
    public string? Made { get; set; }

    public bool CanDrift => true;

    public int RestoreRows => 40;

    /// <summary>What becomes of the next call: null is as it should be; true fails after it was done, false before.</summary>
    public Func<bool?> Trouble { get; set; } = () => null;

    /// <summary>Called before a block is compared; what it answers comes instead. Default: null, the block is compared.</summary>
    public Func<int, CallResult?> Restoring { get; set; } = _ => null;

    public int Writes { get; private set; }

    public int Publications { get; private set; }

    /// <summary>Positions and cells of a tab, empty rows left out.</summary>
    public IReadOnlyDictionary<int, string[]> Rows(string tab)
    {
        lock (_lock)
        {
            return new Dictionary<int, string[]>(Sheet(tab));
        }
    }

    /// <summary>As somebody with a mouse does it; null empties the row.</summary>
    public void Edit(string tab, int position, string[]? cells)
    {
        lock (_lock)
        {
            Put(tab, position, cells);
        }
    }

    public bool TakeMade(TabDefinition tab)
    {
        var isMade = Made == tab.Name;
        Made = isMade ? null : Made;
        return isMade;
    }

    /// <summary>As somebody with a mouse does it.</summary>
    public void Delete(string tab)
    {
        lock (_lock)
        {
            _sheets.Remove(tab);
        }
    }

    public async Task<CallResult> WriteAsync(TabDefinition tab, IReadOnlyList<TabRow> rows, CallBudget budget, CancellationToken cancellationToken)
    {
        if (rows.Count > tab.Batch || _writing.AddOrUpdate(tab.Name, 1, (_, now) => now + 1) > 1)
        {
            throw new InvalidOperationException($"{rows.Count} rows in a batch of {tab.Batch}, or two writes of one tab at once.");
        }

        await Task.Yield();
        var trouble = Trouble();
        lock (_lock)
        {
            Writes++;
            Made = _sheets.ContainsKey(tab.Name) ? Made : tab.Name;
            foreach (var row in trouble is false ? [] : rows)
            {
                Put(tab.Name, row.Position, row.Cells?.ToArray());
            }
        }

        _writing.AddOrUpdate(tab.Name, 0, (_, now) => now - 1);
        return trouble is null ? new CallAnswered<int>(rows.Count) : new CallTroubled("grid: no answer in time", "The test wants it.");
    }

    public Task<CallResult> RestoreAsync(TabDefinition tab, int first, IReadOnlyList<TabRow> rows, bool isEnd, CallBudget budget, CancellationToken cancellationToken)
    {
        if (Restoring(first) is { } instead)
        {
            return Task.FromResult(instead);
        }

        lock (_lock)
        {
            var wrong = rows.Where(row => !(Sheet(tab.Name).GetValueOrDefault(row.Position) ?? []).Take(tab.Columns.Count).SequenceEqual(row.Cells ?? [])).ToList();
            wrong.ForEach(row => Put(tab.Name, row.Position, row.Cells?.ToArray()));
            var beyond = isEnd ? Sheet(tab.Name).Keys.Where(position => position >= first + rows.Count).ToList() : [];
            beyond.ForEach(position => Put(tab.Name, position, null));
            return Task.FromResult<CallResult>(new CallAnswered<int>(wrong.Count + beyond.Count));
        }
    }

    public async Task PublishAsync(TabDefinition tab, IAsyncEnumerable<TabRow> rows, CancellationToken cancellationToken)
    {
        await foreach (var _ in rows.WithCancellation(cancellationToken))
        {
            // nothing to do: what was written is seen
        }

        Publications++;
    }

    private SortedDictionary<int, string[]> Sheet(string tab) => _sheets.TryGetValue(tab, out var sheet) ? sheet : _sheets[tab] = [];

    private void Put(string tab, int position, string[]? cells)
    {
        if (cells is null)
        {
            Sheet(tab).Remove(position);
        }
        else
        {
            Sheet(tab)[position] = [.. cells, .. Sheet(tab).GetValueOrDefault(position, []).Skip(cells.Length)]; // what stands further right stays
        }
    }
}
