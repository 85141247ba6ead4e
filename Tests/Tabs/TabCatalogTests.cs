using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

/// <summary>The file of tabs: what it may say, and what is said about what it may not.</summary>
public sealed class TabCatalogTests
{
    [Fact]
    public void TabsThatComeWithTheService_HaveTheirBatchesAndLimits() =>
        Assert.Equal(
            ["user-profiles 10 500", "quiz-responses 50 1000", "engagement-logs 25 500", "chat-logs 50 1000", "course-progress 25 500"],
            TabCatalog.Load(null).All.Select(tab => $"{tab.Name} {tab.Batch} {tab.Limit}"));

    [Theory]
    [InlineData("""{"tabs": []}""", "names no tabs")]
    [InlineData("""{"tabs": [{]}""", "line 1")]
    [InlineData("""{"tabs": [{"name": "Big One", "source": "SELECT 1", "columns": [{"name": "a"}]}]}""", "name is 'Big One'")]
    [InlineData("""{"tabs": [{"name": "a", "source": "DELETE FROM users", "columns": [{"name": "a"}]}]}""", "source must be a SELECT")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1; DROP TABLE users", "columns": [{"name": "a"}]}]}""", "one SELECT")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1", "columns": []}]}""", "columns must be 1 to 200")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1", "columns": [{"name": "x"}, {"name": "X"}]}]}""", "'x' is named twice")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1", "columns": [{"name": "key"}]}]}""", "the column 'key'")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1", "columns": [{"name": "x"}], "batch": 0}]}""", "batch is 0")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1", "columns": [{"name": "x"}], "limit": 0}]}""", "limit is 0")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1", "columns": [{"name": "x", "format": "money"}]}]}""", "columns[0].format")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1", "columns": [{"name": "x"}], "colour": "red"}]}""", "colour")]
    [InlineData("""{"tabs": [{"name": "a", "source": "SELECT 1", "columns": [{"name": "x"}]}, {"name": "a", "source": "SELECT 1", "columns": [{"name": "x"}]}]}""", "two tabs have the name 'a'")]
    [InlineData("""{"tabs": [{"name": "a", "title": "x/y", "source": "SELECT 1", "columns": [{"name": "x"}]}]}""", "title is 'x/y'")]
    public void WhatIsWrong_IsSaidWithThePlace(string json, string sentence)
    {
        var error = Assert.Throws<InvalidOperationException>(() => TabCatalog.Parse(json, "tabs.json"));

        Assert.StartsWith("tabs.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
    }
}
