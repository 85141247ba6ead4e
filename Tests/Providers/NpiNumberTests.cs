using OrleansBulk.Providers;

namespace OrleansBulk.Tests.Providers;

public sealed class NpiNumberTests
{
    [Theory]
    [InlineData(1234567893, true)]
    [InlineData(1174270805, true)]
    [InlineData(1568946812, true)]
    [InlineData(1234567890, false)]
    [InlineData(1174270850, false)]
    [InlineData(3234567893, false)]
    [InlineData(123456789, false)]
    [InlineData(0, false)]
    [InlineData(-1234567893, false)]
    public void CheckDigit_TellsWhatIsAnNpi(long npi, bool valid) => Assert.Equal(valid, NpiNumber.IsValid(npi));

    [Fact]
    public void EveryNineDigits_HaveOneCheckDigit()
    {
        Assert.Equal(1234567893, NpiNumber.Complete(123456789));
        Assert.All(Enumerable.Range(0, 2000), n =>
        {
            var nine = 100_000_000 + n * 99_991L;
            Assert.Single(Enumerable.Range(0, 10), check => NpiNumber.IsValid(nine * 10 + check));
            Assert.Equal(nine, NpiNumber.Complete(nine) / 10);
        });
    }

    [Theory]
    [InlineData("1234567893", true)]
    [InlineData(" 1234567893", false)]
    [InlineData("+1234567893", false)]
    [InlineData("123456789", false)]
    [InlineData("", false)]
    public void Text_IsTenDigitsAndNothingElse(string text, bool valid) => Assert.Equal(valid, NpiNumber.TryParse(text, out _));
}
