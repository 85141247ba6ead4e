using System.Text.Json;
using OrleansBulk.Simulator.Graph;

namespace OrleansBulk.Tests.Simulator;

public class GraphParserTests
{
    private static IReadOnlyList<GraphField> Parse(string query, string variables = "{}") => GraphParser.Parse(query, JsonDocument.Parse(variables).RootElement);

    [Fact]
    public void Field_HasAliasNameArgumentsAndPlace()
    {
        var field = Assert.Single(Parse("query {\n  u1: user(login: \"a\\\"b\", first: 20, on: true) { login }\n}"));
        Assert.Equal(("u1", "user", "a\"b", 20), (field.Alias, field.Name, field.Text("login"), field.Number("first")));
        Assert.Equal((2, 3), (field.Line, field.Column));
        Assert.Equal("login", Assert.Single(field.Selection).Name);
    }

    [Fact]
    public void Variables_AreFilledIn()
    {
        var field = Assert.Single(Parse("query q($u: String!, $n: Int = 3) { user(login: $u, first: $n) { login } }", """{"u":"ada","n":7}"""));
        Assert.Equal(("ada", 7), (field.Text("login"), field.Number("first")));
    }

    [Fact]
    public void Fragments_AreSpreadOutWhereverTheyAreWritten()
    {
        const string fragment = "fragment F on User { login ...G } fragment G on User { name }";
        foreach (var query in new[] { $"{fragment} query {{ u: user {{ ...F id }} }}", $"query {{ u: user {{ ...F id }} }} {fragment}" })
            Assert.Equal(["login", "name", "id"], Assert.Single(Parse(query)).Selection.Select(field => field.Name));
    }

    [Fact]
    public void CommentsCommasAndDirectives_MeanNothing()
    {
        var fields = Parse("# who\n{ a, b @include(if: $x) { c }, }");
        Assert.Equal(["a", "b"], fields.Select(field => field.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("query {")]
    [InlineData("{ a(b: ) }")]
    [InlineData("{ a(b: \"c) }")]
    [InlineData("{ ...Nowhere }")]
    [InlineData("fragment A on B { ...A } { ...A }")]
    [InlineData("{ a { ! } }")]
    [InlineData("query q(")]
    public void WhatCannotBeRead_IsASyntaxFault(string query) => Assert.Throws<GraphSyntaxException>(() => Parse(query));
}
