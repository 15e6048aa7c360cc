"""The models of with_django.py."""
import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Shop(models.Model):
    name = models.CharField(max_length=50, unique=True)


class Tag(models.Model):
    word = models.CharField(max_length=20)


class Product(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="products")
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=9, decimal_places=2)
    words = ArrayField(models.TextField(), default=list)
    data = models.JSONField(default=dict)
    made = models.DateTimeField(default=datetime.datetime(2026, 3, 4, 5, 6, tzinfo=datetime.timezone.utc))
    tags = models.ManyToManyField(Tag)

    class Meta:
        indexes = [models.Index(fields=["price"], name="by_price")]
        constraints = [models.CheckConstraint(check=Q(price__gte=0), name="not_negative")]
