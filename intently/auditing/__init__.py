"""What an audit asks of running code: the shipped bundle in a browser, a live site. Judgement stands in `privacy`."""
