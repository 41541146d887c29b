"""The admin API's wire names, a module per noun: the only place that knows camelCase. The contract's never change."""
