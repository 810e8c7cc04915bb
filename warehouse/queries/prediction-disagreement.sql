-- Where is the model surest that an object belongs to another department than its own?
select title, museum, says_the_museum, says_the_model, round(probability, 3) as probability, artwork_id
from predictions
where attribute = 'department' and not agrees
order by predictions.probability desc, artwork_id
